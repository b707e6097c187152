package dev.rosetta.cli;

import dev.rosetta.cli.DemoModel.Matrix;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.gguf.ValueType;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The demo's model in three files: GGUF, an APR twin with fused QKV, and an APR file whose layer-0
 * QKV weight is stored {@code [in, out]}.
 */
record DemoFiles(Path gguf, Path healthy, Path planted) {
  /** The name of the tensor that the planted file stores transposed. */
  static final String PLANTED_TENSOR = "model.layers.0.self_attn.qkv_proj.weight";

  private static final List<Part> QKV = List.of(Part.Q, Part.K, Part.V);

  /** What is wrong with an APR file. */
  enum Fault {
    NONE,
    QKV_IN_OUT
  }

  /** Writes the three files into {@code folder}. */
  static DemoFiles write(Path folder) {
    DemoModel model = new DemoModel();
    DemoFiles files =
        new DemoFiles(
            folder.resolve("model.gguf"),
            folder.resolve("healthy.apr"),
            folder.resolve("planted.apr"));
    GgufWriter.write(files.gguf, ggufMetadata(model), ggufTensors(model));
    AprWriter.write(files.healthy, aprMetadata(model), aprTensors(model, Fault.NONE));
    AprWriter.write(files.planted, aprMetadata(model), aprTensors(model, Fault.QKV_IN_OUT));
    return files;
  }

  private static SequencedMap<String, GgufValue> ggufMetadata(DemoModel model) {
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", GgufValue.string("qwen2"));
    metadata.put("general.name", GgufValue.string("demo"));
    metadata.put("qwen2.block_count", GgufValue.u32(DemoModel.LAYERS));
    metadata.put("qwen2.context_length", GgufValue.u32(DemoModel.CONTEXT));
    metadata.put("qwen2.embedding_length", GgufValue.u32(DemoModel.HIDDEN));
    metadata.put("qwen2.feed_forward_length", GgufValue.u32(DemoModel.FFN));
    metadata.put("qwen2.attention.head_count", GgufValue.u32(DemoModel.HEADS));
    metadata.put("qwen2.attention.head_count_kv", GgufValue.u32(DemoModel.KV_HEADS));
    metadata.put("qwen2.attention.layer_norm_rms_epsilon", GgufValue.f32((float) DemoModel.EPS));
    metadata.put("qwen2.rope.freq_base", GgufValue.f32((float) DemoModel.ROPE_THETA));
    metadata.put("tokenizer.ggml.model", GgufValue.string("gpt2"));
    metadata.put("tokenizer.ggml.pre", GgufValue.string("qwen2"));
    metadata.put("tokenizer.ggml.tokens", GgufValue.array(ValueType.STRING, model.tokens()));
    metadata.put("tokenizer.ggml.token_type", GgufValue.array(ValueType.I32, tokenTypes(model)));
    metadata.put("tokenizer.ggml.merges", GgufValue.array(ValueType.STRING, DemoModel.MERGES));
    metadata.put("tokenizer.ggml.eos_token_id", GgufValue.u32(model.endOfText()));
    metadata.put("tokenizer.ggml.add_bos_token", GgufValue.bool(false));
    return metadata;
  }

  static Map<String, Object> aprMetadata(DemoModel model) {
    Map<String, Object> metadata = new LinkedHashMap<>();
    metadata.put("model_type", "qwen2");
    metadata.put("name", "demo");
    metadata.put("architecture", "qwen2");
    metadata.put("hidden_size", (long) DemoModel.HIDDEN);
    metadata.put("num_layers", (long) DemoModel.LAYERS);
    metadata.put("num_heads", (long) DemoModel.HEADS);
    metadata.put("num_kv_heads", (long) DemoModel.KV_HEADS);
    metadata.put("vocab_size", (long) model.tokens().size());
    metadata.put("intermediate_size", (long) DemoModel.FFN);
    metadata.put("max_position_embeddings", (long) DemoModel.CONTEXT);
    metadata.put("rope_theta", DemoModel.ROPE_THETA);
    metadata.put("rope_type", 2L);
    metadata.put("rms_norm_eps", DemoModel.EPS);
    metadata.put("tokenizer.model", "gpt2");
    metadata.put("tokenizer.pre_type", "qwen2");
    metadata.put("tokenizer.vocabulary", model.tokens());
    metadata.put("tokenizer.vocab_size", (long) model.tokens().size());
    metadata.put("tokenizer.token_type", tokenTypes(model));
    metadata.put("tokenizer.merges", DemoModel.MERGES);
    metadata.put("tokenizer.eos_token_id", (long) model.endOfText());
    metadata.put("tokenizer.add_bos_token", false);
    return metadata;
  }

  /** 1 for normal tokens, 3 for control tokens. */
  private static List<Long> tokenTypes(DemoModel model) {
    List<Long> types = new ArrayList<>();
    for (String token : model.tokens()) {
      types.add(token.equals(DemoModel.END_OF_TEXT) ? 3L : 1L);
    }
    return types;
  }

  private static List<TensorEntry> ggufTensors(DemoModel model) {
    List<TensorEntry> tensors = new ArrayList<>();
    model.weights().forEach((role, matrix) -> tensors.add(entry(ggufName(role), matrix)));
    return tensors;
  }

  static List<TensorEntry> aprTensors(DemoModel model, Fault fault) {
    List<TensorEntry> tensors = new ArrayList<>();
    model
        .weights()
        .forEach(
            (role, matrix) -> {
              if (role.part() == Part.Q) {
                List<Matrix> parts =
                    QKV.stream()
                        .map(part -> new TensorRole(part, role.layer(), role.bias()))
                        .map(model::weight)
                        .toList();
                Matrix fused = Matrix.stacked(parts);
                String name = aprName(role);
                boolean transposed = fault == Fault.QKV_IN_OUT && name.equals(PLANTED_TENSOR);
                tensors.add(entry(name, transposed ? fused.transposed() : fused));
              } else if (!QKV.contains(role.part())) {
                tensors.add(entry(aprName(role), matrix));
              }
            });
    return tensors;
  }

  private static TensorEntry entry(String name, Matrix matrix) {
    ByteBuffer bytes =
        ByteBuffer.allocate(matrix.values().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(matrix.values());
    List<Long> dims =
        matrix.isVector()
            ? List.of((long) matrix.columns())
            : List.of((long) matrix.rows(), (long) matrix.columns());
    return TensorEntry.of(name, ElementType.F32, dims, bytes.array());
  }

  private static String ggufName(TensorRole role) {
    String suffix = role.bias() ? ".bias" : ".weight";
    return switch (role.part()) {
      case EMBEDDING -> "token_embd.weight";
      case FINAL_NORM -> "output_norm.weight";
      case OUTPUT -> "output.weight";
      case ATTN_OUT -> "blk." + role.layer() + ".attn_output.weight";
      case Q, K, V -> "blk." + role.layer() + ".attn_" + role.part().word() + suffix;
      default -> "blk." + role.layer() + "." + role.part().word() + suffix;
    };
  }

  private static String aprName(TensorRole role) {
    String layer = "model.layers." + role.layer() + ".";
    return switch (role.part()) {
      case EMBEDDING -> "model.embed_tokens.weight";
      case FINAL_NORM -> "model.norm.weight";
      case OUTPUT -> "lm_head.weight";
      case ATTN_NORM -> layer + "input_layernorm.weight";
      case Q -> layer + "self_attn.qkv_proj" + (role.bias() ? ".bias" : ".weight");
      case ATTN_OUT -> layer + "self_attn.o_proj.weight";
      case FFN_NORM -> layer + "post_attention_layernorm.weight";
      case FFN_GATE -> layer + "mlp.gate_proj.weight";
      case FFN_UP -> layer + "mlp.up_proj.weight";
      case FFN_DOWN -> layer + "mlp.down_proj.weight";
      default -> throw new IllegalArgumentException("the demo has no " + role);
    };
  }
}
