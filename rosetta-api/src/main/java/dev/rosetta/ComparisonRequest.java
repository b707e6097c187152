package dev.rosetta;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What to compare and how. Start from {@link #of} and refine with the {@code with…} methods.
 *
 * @param a first side: a model file, a Hugging Face directory, a first shard, or a recorded trace
 * @param b second side
 * @param prompt text to run, or null for the built-in prompt
 * @param tokens token ids to run instead of text, or null
 * @param threshold bound on {@code maxDiff} where element types are equal but bytes are not
 * @param filter capture points to compare, or null for all
 * @param bos whether a prompt starts with the beginning-of-sequence token
 * @param maxTokens greedy tokens to continue with after the prompt, on both sides
 * @param forwardPass whether to run the models; without it weights, config and tokenizer only
 * @param proof whether diagnoses are proven by repairing and running again
 * @param sameWeights whether side A's weights run in both graphs even where nothing asks for it
 * @param backend name of the kernel back end, or {@code auto}
 * @param threads worker threads, or 0 for one per processor
 * @param loraA folder of a LoRA adapter that is applied to the first side in memory, or null
 * @param loraB that of the second side, or null
 */
public record ComparisonRequest(
    Path a,
    Path b,
    @Nullable String prompt,
    @Nullable List<Integer> tokens,
    double threshold,
    @Nullable Pattern filter,
    Bos bos,
    int maxTokens,
    boolean forwardPass,
    boolean proof,
    boolean sameWeights,
    String backend,
    int threads,
    @Nullable Path loraA,
    @Nullable Path loraB) {

  /** The prompt used where none is given: prose, digits, code and non-ASCII, over 8 tokens. */
  public static final String DEFAULT_PROMPT =
      "The 3 quick brown foxes said: \"2+2=4\", n'est-ce pas? def f(x): return x";

  /** The default of {@link #threshold()}. */
  public static final double DEFAULT_THRESHOLD = 1e-3;

  /** Whether the beginning-of-sequence token is put in front of a text prompt. */
  public enum Bos {
    /** As the tokenizer says. */
    AUTO,
    ON,
    OFF
  }

  /**
   * @throws IllegalArgumentException if the threshold is negative or not finite, a count is
   *     negative, the token list is empty, or both prompt and tokens are given
   */
  public ComparisonRequest {
    Objects.requireNonNull(a, "a");
    Objects.requireNonNull(b, "b");
    if (!(threshold >= 0) || Double.isInfinite(threshold)) {
      throw new IllegalArgumentException(
          "threshold must be a finite number that is not negative, not " + threshold);
    }
    if (prompt != null && tokens != null) {
      throw new IllegalArgumentException("give a prompt or token ids, not both");
    }
    if (tokens != null) {
      tokens = List.copyOf(tokens);
      if (tokens.isEmpty()) {
        throw new IllegalArgumentException("the list of token ids is empty");
      }
      for (int token : tokens) {
        if (token < 0) {
          throw new IllegalArgumentException("token id " + token + " is negative");
        }
      }
    }
    if (sameWeights && !forwardPass) {
      throw new IllegalArgumentException("sameWeights needs a forward pass");
    }
    if (maxTokens < 0) {
      throw new IllegalArgumentException("maxTokens must not be negative, it is " + maxTokens);
    }
    if (threads < 0) {
      throw new IllegalArgumentException("threads must not be negative, it is " + threads);
    }
  }

  /** A full comparison of two sides with every default. */
  public static ComparisonRequest of(Path a, Path b) {
    return new ComparisonRequest(
        a,
        b,
        null,
        null,
        DEFAULT_THRESHOLD,
        null,
        Bos.AUTO,
        0,
        true,
        true,
        false,
        "auto",
        0,
        null,
        null);
  }

  public ComparisonRequest withPrompt(String text) {
    return with(
        changed -> {
          changed.prompt = text;
          changed.tokens = null;
        });
  }

  public ComparisonRequest withTokens(List<Integer> ids) {
    return with(
        changed -> {
          changed.prompt = null;
          changed.tokens = ids;
        });
  }

  public ComparisonRequest withThreshold(double bound) {
    return with(changed -> changed.threshold = bound);
  }

  public ComparisonRequest withFilter(Pattern points) {
    return with(changed -> changed.filter = points);
  }

  public ComparisonRequest withBos(Bos policy) {
    return with(changed -> changed.bos = policy);
  }

  public ComparisonRequest withMaxTokens(int count) {
    return with(changed -> changed.maxTokens = count);
  }

  /** Weights, config and tokenizer only. */
  public ComparisonRequest withoutForwardPass() {
    return with(changed -> changed.forwardPass = false);
  }

  /** Diagnoses stay at what the evidence shows; nothing is repaired and run again. */
  public ComparisonRequest withoutProof() {
    return with(changed -> changed.proof = false);
  }

  /**
   * Side A's weights run in both graphs as well, whatever the config says: what parts then is not
   * noise of element types. Two models of different shapes are refused.
   */
  public ComparisonRequest withSameWeights() {
    return with(changed -> changed.sameWeights = true);
  }

  public ComparisonRequest withBackend(String name) {
    return with(changed -> changed.backend = name);
  }

  public ComparisonRequest withThreads(int count) {
    return with(changed -> changed.threads = count);
  }

  /**
   * Side A's weights with a LoRA adapter of the PEFT library added in memory, as merging it would:
   * {@code W + alpha / r · B A}.
   *
   * @param folder holds {@code adapter_config.json} and {@code adapter_model.safetensors}
   */
  public ComparisonRequest withLoraA(Path folder) {
    return with(changed -> changed.loraA = folder);
  }

  /** As {@link #withLoraA}, for side B. */
  public ComparisonRequest withLoraB(Path folder) {
    return with(changed -> changed.loraB = folder);
  }

  private ComparisonRequest with(Consumer<Fields> change) {
    Fields fields = new Fields(this);
    change.accept(fields);
    return fields.request();
  }

  /** The components while one of them is being changed. */
  private static final class Fields {
    private final Path a;
    private final Path b;
    private @Nullable String prompt;
    private @Nullable List<Integer> tokens;
    private double threshold;
    private @Nullable Pattern filter;
    private Bos bos;
    private int maxTokens;
    private boolean forwardPass;
    private boolean proof;
    private boolean sameWeights;
    private String backend;
    private int threads;
    private @Nullable Path loraA;
    private @Nullable Path loraB;

    Fields(ComparisonRequest request) {
      a = request.a;
      b = request.b;
      prompt = request.prompt;
      tokens = request.tokens;
      threshold = request.threshold;
      filter = request.filter;
      bos = request.bos;
      maxTokens = request.maxTokens;
      forwardPass = request.forwardPass;
      proof = request.proof;
      sameWeights = request.sameWeights;
      backend = request.backend;
      threads = request.threads;
      loraA = request.loraA;
      loraB = request.loraB;
    }

    ComparisonRequest request() {
      return new ComparisonRequest(
          a,
          b,
          prompt,
          tokens,
          threshold,
          filter,
          bos,
          maxTokens,
          forwardPass,
          proof,
          sameWeights,
          backend,
          threads,
          loraA,
          loraB);
    }
  }
}
