package dev.rosetta;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of one weight.
 *
 * @param role what the tensor is for
 * @param nameA its name in file A, or null if absent there
 * @param nameB its name in file B, or null if absent there
 * @param typeA element type in A, or null
 * @param typeB element type in B, or null
 * @param storedDimsA dims in A in row-major order, as stored
 * @param storedDimsB dims in B in row-major order, as stored
 * @param expectedDims {@code [out, in]} that the effective config asks for
 * @param status the outcome
 * @param reason one phrase: what was equal, or what exceeds which bound, or why it was skipped
 * @param sameBytes whether both hold the same encoded rows in canonical order
 * @param nmse sum of squared differences over the sum of squares of A; NaN if not computed
 * @param budget largest {@code nmse} that the two element types explain; 0 for equal types
 * @param predicted {@code nmse} to expect of one rounding on each side, from the steps that are
 *     stored; NaN where nothing was rounded
 * @param difference element-wise difference, or null if not computed
 */
public record TensorComparison(
    TensorRole role,
    @Nullable String nameA,
    @Nullable String nameB,
    @Nullable ElementType typeA,
    @Nullable ElementType typeB,
    List<Long> storedDimsA,
    List<Long> storedDimsB,
    List<Long> expectedDims,
    PointComparison.Status status,
    String reason,
    boolean sameBytes,
    double nmse,
    double budget,
    double predicted,
    @Nullable Difference difference) {

  public TensorComparison {
    storedDimsA = List.copyOf(storedDimsA);
    storedDimsB = List.copyOf(storedDimsB);
    expectedDims = List.copyOf(expectedDims);
  }

  /** The same figures with another outcome. */
  public TensorComparison judged(
      PointComparison.Status outcome, String because, double explainable) {
    return new TensorComparison(
        role,
        nameA,
        nameB,
        typeA,
        typeB,
        storedDimsA,
        storedDimsB,
        expectedDims,
        outcome,
        because,
        sameBytes,
        nmse,
        explainable,
        predicted,
        difference);
  }

  /** {@code nmse} in multiples of what was predicted; NaN where nothing was. */
  public double excess() {
    return predicted > 0 ? nmse / predicted : Double.NaN;
  }
}
