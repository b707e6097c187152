package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Faults that leave every value where it is: zeros, scales, signs, offsets, isolated damage. */
final class ValueHypotheses {
  /** Isolated damage touches no more than this share of a tensor's blocks. */
  private static final double ISOLATED = 0.1;

  private ValueHypotheses() {}

  /** Zero blocks for each one that is cut through where a zero region begins or ends. */
  private static final int ZERO_TO_CUT = 8;

  /**
   * The blocks that differ are zero here: a region was never written. It may begin and end inside
   * an encoded block, which then holds neither zeros nor what it should.
   */
  static Optional<Explanation> zeroed(Suspicion s) {
    if (!s.impression().isZeroWhereDifferent()) {
      return Optional.empty();
    }
    WeightScan scan = s.scan();
    long cut = scan.differingBlocks() - scan.zeroBlocks();
    int ends = 2 * Math.ceilDiv(s.suspect().tensor().type().blockElements(), WeightScan.BLOCK);
    if (scan.zeroBlocks() == 0 || cut > ends || ZERO_TO_CUT * cut > scan.zeroBlocks()) {
      return Optional.empty();
    }
    boolean whole = scan.zeroBlocks() == scan.blocks();
    boolean bias = s.role().bias();
    return Optional.of(
        Explanation.lossy(
                bias && whole ? DiagnosisCode.BIAS_MISSING : DiagnosisCode.ZEROED_REGION,
                whole
                    ? "is all zero"
                    : "is zero in %d blocks of %d rows, the first at row %d, column %d"
                        .formatted(
                            scan.zeroBlocks(),
                            scan.differingRows(),
                            scan.firstRow(),
                            scan.firstColumn()),
                "write the missing values; nothing in this file can restore them")
            .filledBy(Fill.zeroBlocks(s.suspect(), s.reference()))
            .onThisSide());
  }

  /** A few blocks differ and everything else agrees. */
  static Optional<Explanation> corrupted(Suspicion s) {
    if (!s.impression().isMostlyRight()) {
      return Optional.empty();
    }
    WeightScan scan = s.scan();
    if (!Double.isFinite(scan.meanDifference()) || !isIsolated(s) || scan.rest() > s.bound()) {
      return Optional.empty();
    }
    return Optional.of(
        Explanation.lossy(
            DiagnosisCode.VALUES_CORRUPTED,
            "differs in %d of %d blocks only, the first at row %d, column %d"
                .formatted(
                    scan.differingBlocks(), scan.blocks(), scan.firstRow(), scan.firstColumn()),
            "copy or convert this tensor again; the rest of it is intact"));
  }

  /** Some blocks stand out, and so few that the rest tells that the tensor is right as a whole. */
  private static boolean isIsolated(Suspicion s) {
    WeightScan scan = s.scan();
    return s.isVector()
        ? fewElementsDiffer(s)
        : scan.differingBlocks() > 0
            && scan.differingBlocks() <= Math.max(1, ISOLATED * scan.blocks());
  }

  /** A vector may be a single block, so its elements are counted. */
  private static boolean fewElementsDiffer(Suspicion s) {
    float[] reference = s.reference().decodeAll();
    float[] suspect = s.suspect().decodeAll();
    double energy = 0;
    for (float value : reference) {
      energy += (double) value * value / reference.length;
    }
    int differing = 0;
    for (int i = 0; i < reference.length; i++) {
      double d = (double) suspect[i] - reference[i];
      differing += d * d > 16 * s.bound() * energy ? 1 : 0;
    }
    return differing > 0 && differing <= Math.max(1, ISOLATED * reference.length);
  }

  /** Norm weights stored as w + 1, or w - 1. */
  static Optional<Explanation> normOffset(Suspicion s) {
    if (!s.role().part().isVector() || s.role().part() == Part.ROPE_FREQS) {
      return Optional.empty();
    }
    double offset = Math.rint(s.scan().meanDifference());
    if (Math.abs(offset) != 1
        || Math.abs(s.scan().meanDifference() - offset) > 0.01
        || s.scan().spread() > 0.01) {
      return Optional.empty();
    }
    Weight repaired = map(s.suspect(), value -> value - (float) offset);
    String sign = offset > 0 ? "+1" : "-1";
    return Optional.of(
        Explanation.of(
            DiagnosisCode.NORM_OFFSET,
            "differs by exactly " + sign + " from the other side",
            "store norm weights as the runtime expects them: w, or w + 1 for gemma",
            repaired));
  }

  /** The tensor times a constant other than one. */
  static Optional<Explanation> scaled(Suspicion s) {
    if (!s.impression().isInPlace()) {
      return Optional.empty();
    }
    double slope = s.scan().slope();
    double noise = s.bound();
    if (isIsolated(s)) {
      return Optional.empty();
    }
    if (!Double.isFinite(slope) || slope == 0 || s.scan().residual() > Math.max(noise, 1e-6)) {
      return Optional.empty();
    }
    if (SiblingSlopes.of(s).isUsual(slope)) {
      return Optional.empty();
    }
    boolean sign = Math.abs(slope + 1) <= 0.02 + 2 * noise;
    double tolerance = 1e-4 + Math.min(0.005, 2 * noise);
    if (!sign && Math.abs(slope - 1) <= tolerance) {
      return Optional.empty();
    }
    double factor = sign ? -1 : slope;
    Weight repaired = map(s.suspect(), value -> (float) (value / factor));
    if (sign) {
      return Optional.of(
          Explanation.of(
              DiagnosisCode.SIGN_FLIPPED,
              "is the negative of the other side",
              "drop the negation in the conversion",
              repaired));
    }
    return Optional.of(
        Explanation.of(
                DiagnosisCode.SCALE_FACTOR,
                String.format(Locale.ROOT, "is %.6g times the other side", slope)
                    + meaning(s, slope),
                "drop the scaling, or apply it on both sides",
                repaired)
            .withEvidence(Map.of("factor", slope)));
  }

  /** A factor that runtimes apply themselves, if it is one. */
  private static String meaning(Suspicion s, double slope) {
    ModelConfig config = s.suspectModel().config();
    Part part = s.role().part();
    boolean head = part == Part.Q || part == Part.K;
    double usual =
        head
            ? Math.sqrt(config.headDim())
            : part == Part.EMBEDDING ? Math.sqrt(config.hiddenSize()) : Double.NaN;
    if (!(Math.abs(slope * usual - 1) < 0.01 || Math.abs(slope / usual - 1) < 0.01)) {
      return "";
    }
    return head
        ? " (the attention scale, 1/sqrt(head_dim), folded into it or taken out)"
        : " (sqrt(hidden_size), which some runtimes apply to the embedding's output)";
  }

  /** {@code weight} with every value changed. */
  private static Weight map(Weight weight, Change change) {
    return weight.withValues(
        weight.rows(),
        weight.columns(),
        () -> {
          float[] values = weight.decodeAll().clone();
          for (int i = 0; i < values.length; i++) {
            values[i] = change.apply(values[i]);
          }
          return values;
        });
  }

  @FunctionalInterface
  private interface Change {
    float apply(float value);
  }
}
