package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.model.TensorRole;
import java.util.List;
import java.util.Set;

/**
 * A cause that fits the evidence, and what would have to hold if it is right.
 *
 * @param diagnosis as it stands before a proof
 * @param repairs changes that should remove the divergence; empty where none is known
 * @param roles weights that should agree after the repair
 * @param points names of capture points that should agree after the repair
 */
public record Hypothesis(
    Diagnosis diagnosis, List<Repair> repairs, Set<TensorRole> roles, Set<String> points) {

  public Hypothesis {
    repairs = List.copyOf(repairs);
    roles = Set.copyOf(roles);
    points = Set.copyOf(points);
  }
}
