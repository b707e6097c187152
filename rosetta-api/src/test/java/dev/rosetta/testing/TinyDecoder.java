package dev.rosetta.testing;

import dev.rosetta.model.MetadataDialect;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A random decoder of two layers, as a Hugging Face checkpoint and as what converters make of it.
 *
 * @param family {@code llama}, {@code qwen2} or {@code qwen3}; qwen2 has biases and a tied head,
 *     qwen3 head norms and a head_dim that is not hidden_size / num_heads
 * @param tensors by Hugging Face name
 */
public record TinyDecoder(String family, Map<String, Tensor> tensors) {
  public static final int LAYERS = 2;
  public static final int HIDDEN = 32;
  public static final int HEADS = 4;
  public static final int KV_HEADS = 2;
  public static final int FFN = 64;
  public static final int VOCABULARY = 40;

  /** Dims in row-major order, and the values. */
  public record Tensor(List<Long> dims, float[] values) {}

  private static final Map<String, String> GGUF_NAMES =
      Map.ofEntries(
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("post_attention_layernorm", "ffn_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("model.embed_tokens", "token_embd"),
          Map.entry("model.norm", "output_norm"),
          Map.entry("lm_head", "output"));

  /** A model of {@code family} whose values follow from {@code seed}. */
  public static TinyDecoder of(String family, long seed) {
    Random random = new Random(seed);
    TinyDecoder tiny = new TinyDecoder(family, new LinkedHashMap<>());
    int q = HEADS * tiny.headDim();
    int kv = KV_HEADS * tiny.headDim();
    tiny.add(random, "model.embed_tokens.weight", 0, 1, VOCABULARY, HIDDEN);
    for (int layer = 0; layer < LAYERS; layer++) {
      String prefix = "model.layers." + layer + ".";
      tiny.add(random, prefix + "input_layernorm.weight", 1, 0.2, HIDDEN);
      tiny.add(random, prefix + "self_attn.q_proj.weight", 0, 0.3, q, HIDDEN);
      tiny.add(random, prefix + "self_attn.k_proj.weight", 0, 0.3, kv, HIDDEN);
      tiny.add(random, prefix + "self_attn.v_proj.weight", 0, 0.3, kv, HIDDEN);
      if (family.equals("qwen2")) {
        tiny.add(random, prefix + "self_attn.q_proj.bias", 0, 0.5, q);
        tiny.add(random, prefix + "self_attn.k_proj.bias", 0, 0.5, kv);
        tiny.add(random, prefix + "self_attn.v_proj.bias", 0, 0.5, kv);
      }
      if (family.equals("qwen3")) {
        tiny.add(random, prefix + "self_attn.q_norm.weight", 1, 0.2, tiny.headDim());
        tiny.add(random, prefix + "self_attn.k_norm.weight", 1, 0.2, tiny.headDim());
      }
      tiny.add(random, prefix + "self_attn.o_proj.weight", 0, 0.3, HIDDEN, q);
      tiny.add(random, prefix + "post_attention_layernorm.weight", 1, 0.2, HIDDEN);
      tiny.add(random, prefix + "mlp.gate_proj.weight", 0, 0.3, FFN, HIDDEN);
      tiny.add(random, prefix + "mlp.up_proj.weight", 0, 0.3, FFN, HIDDEN);
      tiny.add(random, prefix + "mlp.down_proj.weight", 0, 0.3, HIDDEN, FFN);
    }
    tiny.add(random, "model.norm.weight", 1, 0.2, HIDDEN);
    if (!family.equals("qwen2")) {
      tiny.add(random, "lm_head.weight", 0, 0.3, VOCABULARY, HIDDEN);
    }
    return tiny;
  }

  /** Elements of one head. */
  public int headDim() {
    return family.equals("qwen3") ? 16 : HIDDEN / HEADS;
  }

  private void add(Random random, String name, double mean, double spread, long... dims) {
    int count = 1;
    for (long dim : dims) {
      count *= (int) dim;
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (mean + spread * random.nextGaussian());
    }
    tensors.put(name, new Tensor(java.util.Arrays.stream(dims).boxed().toList(), values));
  }

  /** The tensors as a GGUF converter names them and orders the Q/K rows of llama. */
  public Map<String, Tensor> ggufTensors() {
    Map<String, Tensor> renamed = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> {
          String stem = name.substring(0, name.lastIndexOf('.'));
          String suffix = name.substring(name.lastIndexOf('.'));
          String module = stem.replaceFirst("^model\\.layers\\.\\d+\\.", "");
          String layer =
              stem.startsWith("model.layers.") ? "blk." + stem.split("\\.")[2] + "." : "";
          boolean rotated = module.endsWith("q_proj") || module.endsWith("k_proj");
          renamed.put(
              layer + GGUF_NAMES.get(module) + suffix,
              rotated && family.equals("llama") ? interleaved(tensor) : tensor);
        });
    return renamed;
  }

  /**
   * Rows as {@code reshape(heads, 2, head_dim / 2, …).swapaxes(1, 2)} orders them, which is what
   * converters to GGUF do to llama's Q and K.
   */
  private Tensor interleaved(Tensor tensor) {
    int rows = tensor.dims().getFirst().intValue();
    int columns = tensor.values().length / rows;
    int half = headDim() / 2;
    float[] target = new float[tensor.values().length];
    int to = 0;
    for (int head = 0; head < rows / headDim(); head++) {
      for (int pair = 0; pair < half; pair++) {
        for (int side = 0; side < 2; side++) {
          int from = head * headDim() + side * half + pair;
          System.arraycopy(tensor.values(), from * columns, target, to++ * columns, columns);
        }
      }
    }
    return new Tensor(tensor.dims(), target);
  }

  /** Fields of {@code config.json}. */
  public Map<String, Object> config() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("model_type", family);
    map.put("num_hidden_layers", (long) LAYERS);
    map.put("hidden_size", (long) HIDDEN);
    map.put("intermediate_size", (long) FFN);
    map.put("num_attention_heads", (long) HEADS);
    map.put("num_key_value_heads", (long) KV_HEADS);
    map.put("head_dim", (long) headDim());
    map.put("vocab_size", (long) VOCABULARY);
    map.put("rms_norm_eps", 1e-5);
    map.put("rope_theta", 1e4);
    map.put("tie_word_embeddings", family.equals("qwen2"));
    map.put("hidden_act", "silu");
    return map;
  }

  /** Keys of a GGUF file. */
  public Map<String, Object> ggufMetadata() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("general.architecture", family);
    map.put(family + ".block_count", (long) LAYERS);
    map.put(family + ".embedding_length", (long) HIDDEN);
    map.put(family + ".feed_forward_length", (long) FFN);
    map.put(family + ".attention.head_count", (long) HEADS);
    map.put(family + ".attention.head_count_kv", (long) KV_HEADS);
    map.put(family + ".attention.key_length", (long) headDim());
    map.put(family + ".attention.value_length", (long) headDim());
    map.put(family + ".attention.layer_norm_rms_epsilon", 1e-5);
    map.put(family + ".rope.freq_base", 1e4);
    map.put(family + ".vocab_size", (long) VOCABULARY);
    return map;
  }

  /** Metadata of an APR file whose tensors keep Hugging Face names. */
  public Map<String, Object> aprMetadata() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("architecture", family);
    map.put("num_layers", (long) LAYERS);
    map.put("hidden_size", (long) HIDDEN);
    map.put("intermediate_size", (long) FFN);
    map.put("num_heads", (long) HEADS);
    map.put("num_kv_heads", (long) KV_HEADS);
    map.put("head_dim", (long) headDim());
    map.put("vocab_size", (long) VOCABULARY);
    map.put("rms_norm_eps", 1e-5);
    map.put("rope_theta", 1e4);
    map.put("rope_type", 2L);
    return map;
  }

  /** This model in memory, as a file of {@code dialect} states it. */
  public MemorySource source(MetadataDialect dialect) {
    MemorySource source = new MemorySource(dialect);
    Map<String, Object> metadata =
        switch (dialect) {
          case GGUF -> ggufMetadata();
          case HUGGING_FACE -> config();
          case APR -> aprMetadata();
        };
    metadata.forEach(source::state);
    boolean gguf = dialect == MetadataDialect.GGUF;
    (gguf ? ggufTensors() : tensors)
        .forEach(
            (name, tensor) ->
                source.add(name, gguf ? tensor.dims().reversed() : tensor.dims(), tensor.values()));
    return source;
  }
}
