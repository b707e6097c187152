package dev.rosetta.formats.convert;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What every format states about a decoder of the llama, qwen2 or qwen3 family.
 *
 * @param architecture {@code llama}, {@code qwen2} or {@code qwen3}
 * @param name display name, or null
 * @param hidden length of a token's vector
 * @param heads query heads
 * @param kvHeads key and value heads
 * @param ffn rows of the feed-forward gate
 * @param vocab rows of the embedding
 * @param context positions that the model was made for; 0 where the source does not say
 * @param tied whether the output weight is the embedding
 * @param ropeScaling Hugging Face's {@code rope_scaling} object, or null
 * @param slidingWindow attention window, 0 for none
 */
public record ModelFacts(
    String architecture,
    @Nullable String name,
    int layers,
    int hidden,
    int heads,
    int kvHeads,
    int headDim,
    int ffn,
    int vocab,
    long context,
    double ropeTheta,
    double rmsNormEps,
    boolean tied,
    @Nullable Map<String, Object> ropeScaling,
    long slidingWindow) {

  /** These facts with a head of its own or not. */
  ModelFacts withTied(boolean value) {
    return new ModelFacts(
        architecture,
        name,
        layers,
        hidden,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocab,
        context,
        ropeTheta,
        rmsNormEps,
        value,
        ropeScaling,
        slidingWindow);
  }

  /** These facts with another rotary scaling. */
  ModelFacts withRopeScaling(Map<String, Object> value) {
    return new ModelFacts(
        architecture,
        name,
        layers,
        hidden,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocab,
        context,
        ropeTheta,
        rmsNormEps,
        tied,
        value,
        slidingWindow);
  }
}
