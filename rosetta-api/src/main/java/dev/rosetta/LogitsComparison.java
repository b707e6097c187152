package dev.rosetta;

import java.util.List;

/**
 * The two runs' predictions.
 *
 * @param kl mean over positions of KL(softmax(a) || softmax(b)), in nats; NaN, for not measured, if
 *     a logit is NaN or infinite
 * @param top1Agreement share of positions with the same most likely token; NaN with {@code kl}
 * @param decidedDisagreements positions of finite logits whose top token differs although A's
 *     margin between its first two tokens exceeds 3·sqrt(2) times the root mean square of the logit
 *     differences there
 * @param topK the last position's most likely tokens on A, of those with a finite logit there, with
 *     both sides' logits
 */
public record LogitsComparison(
    double kl, double top1Agreement, int decidedDisagreements, List<Candidate> topK) {

  public LogitsComparison {
    topK = List.copyOf(topK);
  }

  /** Whether every logit is finite on both sides, so that the predictions could be compared. */
  public boolean measured() {
    return !Double.isNaN(kl);
  }

  /**
   * One token among the most likely.
   *
   * @param rankB 0-based rank on side B, or {@link #NO_RANK} where its logit there is not finite
   */
  public record Candidate(int token, String text, float logitA, float logitB, int rankB) {

    /** The rank of what is no number. */
    public static final int NO_RANK = -1;
  }
}
