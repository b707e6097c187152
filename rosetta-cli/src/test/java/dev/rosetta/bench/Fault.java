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
 * @param plain whether it shows beside the noise of two and three bits
 */
record Fault(String name, boolean plain, Planting planting) {

  /** A mistake that needs an element type of at least four bits to be seen. */
  Fault(String name, Planting planting) {
    this(name, false, planting);
  }

  /** A mistake that changes a tensor as a whole. */
  static Fault plain(String name, Planting planting) {
    return new Fault(name, true, planting);
  }

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
   * @param layer the layer, -1 for none, or {@link #ANY_LAYER}
   * @param undoable whether a repair in memory can remove it, so that a proof is due
   */
  record Expected(Set<DiagnosisCode> codes, Set<String> subjects, int layer, boolean undoable) {

    /** The layer of a mistake that concerns several: a report may name one of them, or none. */
    static final int ANY_LAYER = -2;

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

    Expected inAnyLayer() {
      return new Expected(codes, subjects, ANY_LAYER, undoable);
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
