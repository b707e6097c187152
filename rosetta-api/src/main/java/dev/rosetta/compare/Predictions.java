package dev.rosetta.compare;

import dev.rosetta.LogitsComparison;
import dev.rosetta.LogitsComparison.Candidate;
import dev.rosetta.engine.Engine;
import dev.rosetta.trace.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Compares what two runs predict: {@code [tokens, vocabulary]} logits of both, which may come in
 * pieces of positions, in their order. Not thread-safe.
 */
public final class Predictions {
  private static final int TOP = 5;

  /**
   * A margin is the difference of two logits, each off by the root mean square; three of its
   * standard deviations are 3·sqrt(2). The largest difference cannot serve as the scale: it always
   * exceeds half of a margin that was turned over.
   */
  private static final double DECIDED = 3 * Math.sqrt(2);

  private int positions;
  private double kl;
  private int agreeing;
  private int decided;

  /** Whether a NaN or infinity stands among the logits, or in front of them on both sides. */
  private boolean unmeasured;

  private @Nullable Activation lastA;
  private @Nullable Activation lastB;

  /** Of no position yet. */
  Predictions() {}

  /** Of logits that neither side could compute from finite values. */
  static Predictions unmeasured() {
    Predictions predictions = new Predictions();
    predictions.unmeasured = true;
    return predictions;
  }

  /**
   * What is compared at one position.
   *
   * @param measured whether all logits are finite; nothing else is known if they are not
   * @param kl divergence, in nats
   * @param agree whether both have the same most likely token
   * @param decided whether they do not although A's margin is larger than the difference explains
   */
  private record Position(boolean measured, double kl, boolean agree, boolean decided) {

    static Position of(Activation a, Activation b, int token) {
      if (!a.isFinite(token, token + 1) || !b.isFinite(token, token + 1)) {
        return new Position(false, Double.NaN, false, false);
      }
      if (isSame(a, b, token)) {
        return new Position(true, 0, true, false);
      }
      int top = top(a, token);
      boolean agree = top == top(b, token);
      return new Position(
          true,
          divergence(a, b, token),
          agree,
          !agree && margin(a, token, top) > DECIDED * rootMeanSquare(a, b, token));
    }
  }

  private static boolean isSame(Activation a, Activation b, int token) {
    int from = token * a.width();
    int to = from + a.width();
    return Arrays.equals(a.values(), from, to, b.values(), from, to);
  }

  /** Compares both sides' logits at all positions, and spells tokens by {@code piece}. */
  public static LogitsComparison compare(Activation a, Activation b, IntFunction<String> piece) {
    Predictions predictions = new Predictions();
    for (int t = 0; t < a.tokens(); t++) {
      predictions.add(Position.of(a, b, t));
    }
    predictions.last(a, b);
    return predictions.comparison(piece);
  }

  /** Adds both sides' logits at further positions, several at a time. */
  void add(Activation a, Activation b, Engine engine) {
    engine.forEach(a.tokens(), t -> Position.of(a, b, t)).forEach(this::add);
    last(a, b);
  }

  private void add(Position position) {
    positions++;
    unmeasured |= !position.measured();
    kl += position.kl();
    agreeing += position.agree() ? 1 : 0;
    decided += position.decided() ? 1 : 0;
  }

  private void last(Activation a, Activation b) {
    lastA = last(a);
    lastB = last(b);
  }

  /** A copy of the last position: the memory of the others may be used again. */
  private static Activation last(Activation logits) {
    float[] values = logits.values();
    int width = logits.width();
    return new Activation(
        1, width, Arrays.copyOfRange(values, values.length - width, values.length));
  }

  /**
   * Divergence of the distributions, agreement of the most likely tokens and the first few of them.
   * Neither of the first two is measured where a logit is NaN or infinite.
   *
   * @param piece the spelling of a token
   * @throws IllegalStateException if no position was added
   */
  public LogitsComparison comparison(IntFunction<String> piece) {
    Activation a = lastA;
    Activation b = lastB;
    if ((a == null || b == null) && !unmeasured) {
      throw new IllegalStateException("no position was added");
    }
    return new LogitsComparison(
        unmeasured ? Double.NaN : kl / positions,
        unmeasured ? Double.NaN : (double) agreeing / positions,
        decided,
        a == null || b == null ? List.of() : candidates(a, b, piece));
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
    return Math.max(0, sum);
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

  private static List<Candidate> candidates(Activation a, Activation b, IntFunction<String> piece) {
    int token = 0;
    List<Integer> best = new ArrayList<>();
    for (int i = 0; i < a.width(); i++) {
      float logit = a.at(token, i);
      if (!Float.isFinite(logit)) {
        continue;
      }
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
    if (!Float.isFinite(logits.at(token, id))) {
      return LogitsComparison.Candidate.NO_RANK;
    }
    int rank = 0;
    for (int i = 0; i < logits.width(); i++) {
      if (logits.at(token, i) > logits.at(token, id)) {
        rank++;
      }
    }
    return rank;
  }
}
