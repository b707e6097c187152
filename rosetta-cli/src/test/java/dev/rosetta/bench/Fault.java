package dev.rosetta.bench;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A kind of mistake that a file can hold.
 *
 * @param name what the score table calls it
 */
record Fault(String name, Planting planting) {

  /** Makes the mistake in a healthy draft. */
  @FunctionalInterface
  interface Planting {

    /**
     * What a report should say; null, with the draft as it was, where the mistake cannot be made.
     *
     * @param opposite the element type of the other side
     */
    @Nullable Expected plant(Draft draft, ElementType opposite, Random random);
  }

  /**
   * What a report should say of a mistake.
   *
   * @param codes any of these as the first code
   * @param subjects any of these as the first subject; empty where no tensor or field is meant
   * @param layer the layer, or -1 for none
   * @param undoable whether a repair in memory can remove it, so that a proof is due
   */
  record Expected(Set<DiagnosisCode> codes, Set<String> subjects, int layer, boolean undoable) {

    static Expected of(TensorRole role, DiagnosisCode first, DiagnosisCode... more) {
      return of(List.of(role), first, more);
    }

    static Expected of(List<TensorRole> roles, DiagnosisCode first, DiagnosisCode... more) {
      return new Expected(
          EnumSet.of(first, more),
          roles.stream().map(TensorRole::toString).collect(Collectors.toSet()),
          roles.getFirst().layer(),
          true);
    }

    static Expected field(DiagnosisCode code, String... fields) {
      return new Expected(
          EnumSet.of(code), Arrays.stream(fields).collect(Collectors.toSet()), -1, false);
    }

    static Expected file(DiagnosisCode first, DiagnosisCode... more) {
      return new Expected(EnumSet.of(first, more), Set.of(), -1, false);
    }

    /** Information is lost: there is nothing to prove. */
    Expected lost() {
      return new Expected(codes, subjects, layer, false);
    }

    Expected proven() {
      return new Expected(codes, subjects, layer, true);
    }
  }
}
