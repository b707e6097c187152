package dev.rosetta.formats.synth;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The sizes of a model.
 *
 * @param architecture {@code llama}, {@code qwen2} or {@code qwen3}
 * @param vocab tokens; at least 258: the bytes, a merge and an end of text
 * @param tied whether the output weight is the embedding
 */
public record ModelShape(
    String architecture,
    int hidden,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    int ffn,
    int vocab,
    boolean tied,
    double ropeTheta,
    double rmsNormEps) {

  /** The architectures that can be made. */
  public static final List<String> ARCHITECTURES = List.of("llama", "qwen2", "qwen3");

  /** Bytes, one merge (byte-level BPE has no vocabulary without) and an end of text. */
  static final int LEAST_VOCAB = 258;

  private static final int MAX_SIZE = 1 << 24;

  private static final SequencedMap<String, ModelShape> PRESETS = presets();

  /**
   * @throws IllegalArgumentException if the sizes make no model
   */
  public ModelShape {
    if (!ARCHITECTURES.contains(architecture)) {
      throw new IllegalArgumentException(
          "architecture " + architecture + " is none of " + String.join(", ", ARCHITECTURES));
    }
    for (int size : new int[] {hidden, layers, heads, kvHeads, headDim, ffn, vocab}) {
      if (size < 1 || size > MAX_SIZE) {
        throw new IllegalArgumentException("sizes must lie between 1 and 2^24, not " + size);
      }
    }
    if (layers > 1000) {
      throw new IllegalArgumentException("layers=" + layers + "; at most 1000 are made");
    }
    if (heads % kvHeads != 0) {
      throw new IllegalArgumentException("heads=" + heads + " must be a multiple of kv=" + kvHeads);
    }
    if (headDim % 2 != 0) {
      throw new IllegalArgumentException(
          "head_dim=" + headDim + " must be even: rotary embedding turns pairs");
    }
    if ((long) heads * headDim > MAX_SIZE) {
      throw new IllegalArgumentException("heads * head_dim is above 2^24");
    }
    if (vocab < LEAST_VOCAB) {
      throw new IllegalArgumentException(
          "vocab=" + vocab + "; at least " + LEAST_VOCAB + ": bytes, a merge, end of text");
    }
  }

  /** The names of the presets, published models first. */
  public static List<String> presetNames() {
    return List.copyOf(PRESETS.keySet());
  }

  /**
   * The preset called {@code name}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static ModelShape like(String name) {
    ModelShape shape = PRESETS.get(name);
    if (shape == null) {
      throw new IllegalArgumentException(
          "there is no preset " + name + "; there are " + String.join(", ", PRESETS.keySet()));
    }
    return shape;
  }

  /** A small model of an architecture, made in a moment. */
  public static ModelShape tiny(String architecture) {
    return new ModelShape(
        architecture,
        256,
        2,
        4,
        2,
        architecture.equals("qwen3") ? 128 : 64,
        512,
        320,
        false,
        architecture.equals("llama") ? 1e4 : 1e6,
        architecture.equals("llama") ? 1e-5 : 1e-6);
  }

  /**
   * This shape with sizes replaced.
   *
   * @param sizes {@code hidden=64,layers=2,heads=4,kv=2,head_dim=16,ffn=160,vocab=512}, any of
   *     them; {@code head_dim} becomes hidden / heads where one of those is given and it is not
   * @throws IllegalArgumentException if a name or number is none, or the sizes make no model
   */
  public ModelShape with(String sizes) {
    Map<String, Integer> values = new LinkedHashMap<>();
    values.put("hidden", hidden);
    values.put("layers", layers);
    values.put("heads", heads);
    values.put("kv", kvHeads);
    values.put("head_dim", 0);
    values.put("ffn", ffn);
    values.put("vocab", vocab);
    boolean rows = false;
    for (String part : sizes.split(",", -1)) {
      int equals = part.indexOf('=');
      String name = equals < 0 ? part : part.substring(0, equals).strip();
      if (equals < 0 || !values.containsKey(name)) {
        throw new IllegalArgumentException(
            "'" + part + "' is no NAME=NUMBER with a name of " + values.keySet());
      }
      try {
        values.put(name, Integer.parseInt(part.substring(equals + 1).strip()));
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("'" + part + "' has no whole number", e);
      }
      rows |= name.equals("hidden") || name.equals("heads");
    }
    int newHeads = values.getOrDefault("heads", heads);
    int dim = values.getOrDefault("head_dim", 0);
    if (dim == 0) {
      dim = rows && newHeads > 0 ? values.getOrDefault("hidden", hidden) / newHeads : headDim;
    }
    return new ModelShape(
        architecture,
        values.getOrDefault("hidden", hidden),
        values.getOrDefault("layers", layers),
        newHeads,
        values.getOrDefault("kv", kvHeads),
        dim,
        values.getOrDefault("ffn", ffn),
        values.getOrDefault("vocab", vocab),
        tied,
        ropeTheta,
        rmsNormEps);
  }

  /** This shape with or without an output weight of its own. */
  public ModelShape withTied(boolean value) {
    return new ModelShape(
        architecture,
        hidden,
        layers,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocab,
        value,
        ropeTheta,
        rmsNormEps);
  }

  private static SequencedMap<String, ModelShape> presets() {
    SequencedMap<String, ModelShape> presets = new LinkedHashMap<>();
    presets.put(
        "qwen2.5-coder-1.5b",
        new ModelShape("qwen2", 1536, 28, 12, 2, 128, 8960, 151936, true, 1e6, 1e-6));
    presets.put(
        "qwen2.5-0.5b", new ModelShape("qwen2", 896, 24, 14, 2, 64, 4864, 151936, true, 1e6, 1e-6));
    presets.put(
        "tinyllama", new ModelShape("llama", 2048, 22, 32, 4, 64, 5632, 32000, false, 1e4, 1e-5));
    presets.put(
        "llama-3.2-1b",
        new ModelShape("llama", 2048, 16, 32, 8, 64, 8192, 128256, true, 5e5, 1e-5));
    presets.put(
        "qwen3-0.6b", new ModelShape("qwen3", 1024, 28, 16, 8, 128, 3072, 151936, true, 1e6, 1e-6));
    // Heads that do not make up hidden, and 7 query heads to one of K and V.
    presets.put(
        "adversarial-gqa", new ModelShape("llama", 224, 3, 14, 2, 18, 352, 331, false, 1e4, 1e-5));
    presets.put(
        "adversarial-head-dim",
        new ModelShape("qwen3", 160, 3, 6, 3, 34, 288, 301, true, 1e6, 1e-6));
    // Rows of no whole super-block, and one of no whole block at all.
    presets.put(
        "adversarial-rows", new ModelShape("qwen2", 288, 3, 9, 3, 32, 330, 333, false, 1e6, 1e-6));
    presets.put(
        "adversarial-square", new ModelShape("llama", 256, 3, 4, 4, 64, 256, 258, true, 1e4, 1e-5));
    return presets;
  }
}
