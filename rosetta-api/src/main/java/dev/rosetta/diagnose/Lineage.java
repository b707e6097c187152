package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.normalize.Weight;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** Weights that went through a narrower element type on their way. */
final class Lineage {
  private static final int BLOCK = 32;

  /** Blocks looked at; a few dozen would do. */
  private static final int BLOCKS = 256;

  /** Values of 32 that four bits leave apart; six bits and more leave over 24. */
  private static final double FEW = 20;

  private static final double MANY = 24;

  private Lineage() {}

  /** Wide values that take as few levels in each block as a narrow type has. */
  static Optional<Explanation> quantisedTwice(Suspicion s) {
    if (s.isVector()
        || s.suspect().columns() % BLOCK != 0
        || !isWide(s.suspect())
        || !s.impression().isInPlace()
        || s.scan().residual() > 0.2
        || s.scan().differing() < s.scan().elements() / 2) {
      return Optional.empty();
    }
    double levels = levels(s.suspect());
    if (levels > FEW || levels(s.reference()) < MANY) {
      return Optional.empty();
    }
    return Optional.of(
        Explanation.lossy(
                DiagnosisCode.DOUBLE_QUANTIZED,
                "takes about "
                    + Math.round(levels)
                    + " levels in 32 values, as if it had been of a narrower type than "
                    + s.suspect().tensor().type(),
                "convert from the original weights, not from a quantised file")
            .withEvidence(Map.of("levels", levels))
            .onThisSide());
  }

  private static boolean isWide(Weight weight) {
    return switch (weight.tensor().type()) {
      case F64, F32, F16, BF16, Q8_0, Q6_K -> true;
      default -> false;
    };
  }

  /** Mean number of distinct values in blocks of 32, over blocks spread through the tensor. */
  private static double levels(Weight weight) {
    float[] row = new float[weight.columns()];
    int step = Math.max(1, weight.rows() / BLOCKS);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < weight.rows(); i += step) {
      weight.decodeRow(i, row, 0);
      int from = BLOCK * (i % (weight.columns() / BLOCK));
      float[] block = Arrays.copyOfRange(row, from, from + BLOCK);
      Arrays.sort(block);
      int distinct = 1;
      for (int j = 1; j < BLOCK; j++) {
        distinct += block[j] != block[j - 1] ? 1 : 0;
      }
      sum += distinct;
      count++;
    }
    return sum / count;
  }
}
