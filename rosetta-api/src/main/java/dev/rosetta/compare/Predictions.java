package dev.rosetta.compare;

import dev.rosetta.LogitsComparison;
import dev.rosetta.LogitsComparison.Candidate;
import dev.rosetta.trace.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/** Compares what two runs predict: {@code [tokens, vocabulary]} logits of both. */
public final class Predictions {
  private static final int TOP = 5;

  /**
   * A margin is the difference of two logits, each off by the root mean square; three of its
   * standard deviations are 3·sqrt(2). The largest difference cannot serve as the scale: it always
   * exceeds half of a margin that was turned over.
   */
  private static final double DECIDED = 3 * Math.sqrt(2);

  private Predictions() {}

  /**
   * Divergence of the distributions, agreement of the most likely tokens and the first few of them.
   *
   * @param piece the spelling of a token
   */
  public static LogitsComparison compare(Activation a, Activation b, IntFunction<String> piece) {
    if (Arrays.equals(a.values(), b.values()) && a.isFinite()) {
      return new LogitsComparison(0, 1, 0, candidates(a, b, a.tokens() - 1, piece));
    }
    double kl = 0;
    int agreeing = 0;
    int decided = 0;
    for (int t = 0; t < a.tokens(); t++) {
      kl += divergence(a, b, t);
      int top = top(a, t);
      if (top == top(b, t)) {
        agreeing++;
      } else if (margin(a, t, top) > DECIDED * rootMeanSquare(a, b, t)) {
        decided++;
      }
    }
    return new LogitsComparison(
        kl / a.tokens(),
        (double) agreeing / a.tokens(),
        decided,
        candidates(a, b, a.tokens() - 1, piece));
  }

  /** The most likely token at a position; the lowest id among equals. */
  public static int top(Activation logits, int token) {
    int best = 0;
    for (int i = 1; i < logits.width(); i++) {
      if (logits.at(token, i) > logits.at(token, best)) {
        best = i;
      }
    }
    return best;
  }

  /** KL(softmax(a) || softmax(b)) at one position, in nats. */
  private static double divergence(Activation a, Activation b, int token) {
    double logA = logSumExp(a, token);
    double logB = logSumExp(b, token);
    double sum = 0;
    for (int i = 0; i < a.width(); i++) {
      double logP = a.at(token, i) - logA;
      double logQ = b.at(token, i) - logB;
      double p = Math.exp(logP);
      if (p > 0) {
        sum += p * (logP - logQ);
      }
    }
    return Double.isNaN(sum) ? Double.POSITIVE_INFINITY : Math.max(0, sum);
  }

  private static double logSumExp(Activation logits, int token) {
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.width(); i++) {
      max = Math.max(max, logits.at(token, i));
    }
    double sum = 0;
    for (int i = 0; i < logits.width(); i++) {
      sum += Math.exp(logits.at(token, i) - max);
    }
    return max + Math.log(sum);
  }

  private static double margin(Activation logits, int token, int top) {
    float second = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.width(); i++) {
      if (i != top) {
        second = Math.max(second, logits.at(token, i));
      }
    }
    return (double) logits.at(token, top) - second;
  }

  private static double rootMeanSquare(Activation a, Activation b, int token) {
    double sum = 0;
    for (int i = 0; i < a.width(); i++) {
      double difference = (double) a.at(token, i) - b.at(token, i);
      sum += difference * difference;
    }
    return Math.sqrt(sum / a.width());
  }

  private static List<Candidate> candidates(
      Activation a, Activation b, int token, IntFunction<String> piece) {
    List<Integer> best = new ArrayList<>();
    for (int i = 0; i < a.width(); i++) {
      float logit = a.at(token, i);
      int position = best.size();
      while (position > 0 && a.at(token, best.get(position - 1)) < logit) {
        position--;
      }
      if (position < TOP) {
        best.add(position, i);
        if (best.size() > TOP) {
          best.removeLast();
        }
      }
    }
    return best.stream()
        .map(
            id ->
                new Candidate(
                    id, piece.apply(id), a.at(token, id), b.at(token, id), rank(b, token, id)))
        .toList();
  }

  private static int rank(Activation logits, int token, int id) {
    int rank = 0;
    for (int i = 0; i < logits.width(); i++) {
      if (logits.at(token, i) > logits.at(token, id)) {
        rank++;
      }
    }
    return rank;
  }
}
