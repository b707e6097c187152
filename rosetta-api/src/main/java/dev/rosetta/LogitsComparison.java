package dev.rosetta;

import java.util.List;

/**
 * The two runs' predictions.
 *
 * @param kl mean over positions of KL(softmax(a) || softmax(b)), in nats
 * @param top1Agreement share of positions with the same most likely token
 * @param decidedDisagreements positions whose top token differs although A's margin between its
 *     first two tokens exceeds 3·sqrt(2) times the root mean square of the logit differences there
 * @param topK the last position's most likely tokens on A, with both sides' logits
 */
public record LogitsComparison(
    double kl, double top1Agreement, int decidedDisagreements, List<Candidate> topK) {

  public LogitsComparison {
    topK = List.copyOf(topK);
  }

  /**
   * One token among the most likely.
   *
   * @param rankB 0-based rank on side B
   */
  public record Candidate(int token, String text, float logitA, float logitB, int rankB) {}
}
