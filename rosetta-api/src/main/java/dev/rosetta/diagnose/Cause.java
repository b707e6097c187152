package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;

/**
 * Why one weight differs.
 *
 * @param pair both sides' weight
 * @param side the side that the explanation is about
 */
record Cause(WeightPair pair, Side side, Explanation explanation) {

  /** Whether a weight is part of a fused tensor. */
  static boolean isPart(Weight weight) {
    return weight.tensor().elements() != (long) weight.rows() * weight.columns();
  }

  /** Whether the dims of its tensor are listed the wrong way round. */
  static boolean isReversed(Model model, Weight weight) {
    return model.findings().stream()
        .anyMatch(
            finding ->
                finding.code() == DiagnosisCode.DIMS_REVERSED
                    && finding.message().startsWith("'" + weight.tensor().name() + "' "));
  }
}
