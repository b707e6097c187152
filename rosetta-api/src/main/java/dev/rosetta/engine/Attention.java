package dev.rosetta.engine;

import dev.rosetta.model.ModelConfig;
import dev.rosetta.trace.Activation;

/**
 * Causal grouped-query attention: query head {@code h} reads key/value head {@code h / (heads /
 * kvHeads)}, and position t the positions up to t, at most {@code slidingWindow} of them.
 *
 * <p>Scores are lane sums times the scale; weights are {@code exp(score - max)} rounded to float32,
 * summed in double with the position ascending; the context accumulates by fused multiply-add with
 * the position ascending.
 */
record Attention(int heads, int kvHeads, int headDim, float scale, long window) {

  static Attention of(ModelConfig config) {
    return new Attention(
        config.heads(),
        config.kvHeads(),
        config.headDim(),
        (float) config.attentionScale(),
        config.slidingWindow());
  }

  /**
   * Computes the context of one head at all positions.
   *
   * @param context {@code [tokens, heads * headDim]}; the head's columns are written
   * @param weights room for {@code tokens} values
   */
  void head(int head, Activation q, Activation k, Activation v, float[] context, float[] weights) {
    int kvHead = head / (heads / kvHeads);
    for (int t = 0; t < q.tokens(); t++) {
      int first = window == 0 ? 0 : (int) Math.max(0, t - window + 1);
      int query = t * q.width() + head * headDim;
      float max = Float.NEGATIVE_INFINITY;
      for (int s = first; s <= t; s++) {
        int key = s * k.width() + kvHead * headDim;
        weights[s] = LaneSum.dot(q.values(), query, k.values(), key, headDim) * scale;
        max = Math.max(max, weights[s]);
      }
      double sum = 0;
      for (int s = first; s <= t; s++) {
        weights[s] = (float) StrictMath.exp((double) weights[s] - max);
        sum += weights[s];
      }
      for (int s = first; s <= t; s++) {
        float weight = (float) (weights[s] / sum);
        int value = s * v.width() + kvHead * headDim;
        addScaled(weight, v.values(), value, context, query, headDim);
      }
    }
  }

  private static void addScaled(
      float weight, float[] values, int from, float[] sum, int at, int length) {
    for (int i = 0; i < length; i++) {
      sum[at + i] = Math.fma(weight, values[from + i], sum[at + i]);
    }
  }
}
