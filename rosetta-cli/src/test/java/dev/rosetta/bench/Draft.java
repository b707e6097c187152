package dev.rosetta.bench;

import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.formats.safetensors.SafeTensorsWriter;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/**
 * A file about to be written: one model in one format and element type, healthy until something is
 * changed. Values change before they are encoded, tensors after, bytes of the file at the end.
 */
final class Draft {

  /** The formats that are written. */
  enum Format {
    GGUF(".gguf"),
    APR(".apr"),
    SAFETENSORS("");

    private final String ending;

    Format(String ending) {
      this.ending = ending;
    }
  }

  /** Changes the bytes of a finished file. */
  @FunctionalInterface
  interface FileEdit {
    void apply(Path file) throws IOException;
  }

  private static final Map<String, String> HUGGING_FACE =
      Map.ofEntries(
          Map.entry("attn_norm", "input_layernorm"),
          Map.entry("qkv", "self_attn.qkv_proj"),
          Map.entry("q", "self_attn.q_proj"),
          Map.entry("k", "self_attn.k_proj"),
          Map.entry("v", "self_attn.v_proj"),
          Map.entry("q_norm", "self_attn.q_norm"),
          Map.entry("k_norm", "self_attn.k_norm"),
          Map.entry("attn_out", "self_attn.o_proj"),
          Map.entry("ffn_norm", "post_attention_layernorm"),
          Map.entry("gate_up", "mlp.gate_up_proj"),
          Map.entry("ffn_gate", "mlp.gate_proj"),
          Map.entry("ffn_up", "mlp.up_proj"),
          Map.entry("ffn_down", "mlp.down_proj"));

  private final TinyModel model;
  private final Format format;
  private final ElementType type;
  private final SequencedMap<TensorRole, Matrix> values;
  private final Map<TensorRole, ElementType> types = new HashMap<>();
  private final Settings settings;
  private boolean ggmlNames;
  private final List<UnaryOperator<List<Stored>>> edits = new ArrayList<>();
  private FileEdit fileEdit = file -> {};

  Draft(TinyModel model, Format format, ElementType type) {
    this.model = model;
    this.format = format;
    this.type = type;
    this.ggmlNames = format == Format.GGUF;
    this.values = new LinkedHashMap<>(model.weights());
    this.settings = new Settings(model.shape());
  }

  /** Whether {@code format} has a code for {@code type}, and {@code shape} whole blocks of it. */
  static boolean isPossible(Shape shape, Format format, ElementType type) {
    return switch (format) {
      case GGUF -> true;
      case APR ->
          switch (type) {
            case F32, F16, BF16, Q4_K, Q6_K -> true;
            default -> false;
          };
      case SAFETENSORS -> !type.isQuantized() && !shape.tokenizer();
    };
  }

  Shape shape() {
    return model.shape();
  }

  Format format() {
    return format;
  }

  Settings settings() {
    return settings;
  }

  Matrix value(TensorRole role) {
    return Objects.requireNonNull(values.get(role), role::toString);
  }

  boolean has(TensorRole role) {
    return values.containsKey(role);
  }

  /** Whether the output head is tied to the embedding, or happens to be a copy of it. */
  boolean headIsEmbedding() {
    return shape().tied()
        || Arrays.equals(
            value(TensorRole.weight(Part.OUTPUT)).values(),
            value(TensorRole.weight(Part.EMBEDDING)).values());
  }

  List<TensorRole> roles() {
    return List.copyOf(values.keySet());
  }

  void put(TensorRole role, Matrix matrix) {
    values.put(role, matrix);
  }

  void remove(TensorRole role) {
    values.remove(role);
  }

  /** Changes one tensor after it has been encoded. */
  void edit(TensorRole role, UnaryOperator<Stored> change) {
    editAll(
        tensors -> tensors.stream().map(t -> t.role().equals(role) ? change.apply(t) : t).toList());
  }

  void editAll(UnaryOperator<List<Stored>> change) {
    edits.add(change);
  }

  void editFile(FileEdit edit) {
    fileEdit = edit;
  }

  /** The type in which a weight is stored: a wider one where its rows are no whole blocks. */
  ElementType storedType(TensorRole role) {
    Matrix matrix = value(role);
    ElementType type = types.getOrDefault(role, this.type);
    if (matrix.rows() == 1) {
      return format == Format.SAFETENSORS ? type : ElementType.F32;
    }
    if (matrix.columns() % type.blockElements() == 0) {
      return type;
    }
    return format == Format.GGUF && matrix.columns() % 32 == 0 ? ElementType.Q8_0 : ElementType.F16;
  }

  /** Whether fused tensors are what this format's converters write for this architecture. */
  boolean canFuse() {
    return format != Format.GGUF || !shape().isLlama();
  }

  /** Puts Q, K and V of a layer into one tensor, its rows in the order {@code from}. */
  void fuseQkv(int layer, int[] from, List<Part> stacked) {
    for (boolean bias : new boolean[] {false, true}) {
      if (bias && !shape().hasBias()) {
        continue;
      }
      Matrix whole = null;
      for (Part part : stacked) {
        TensorRole role = new TensorRole(part, layer, bias);
        Matrix next = value(role);
        whole = whole == null ? next : whole.above(next);
        values.remove(role);
      }
      values.put(
          new TensorRole(Part.QKV, layer, bias), Objects.requireNonNull(whole).takeRows(from));
    }
  }

  /** Stores one matrix in a type of its own, as far as its rows allow that. */
  void store(TensorRole role, ElementType other) {
    types.put(role, other);
  }

  /** Gives an APR file ggml's names, and with them ggml's order of Q and K rows. */
  void useGgmlNames() {
    ggmlNames = true;
    settings.set("rope_type", shape().isLlama() ? 0L : 2L);
  }

  /** Puts gate and up of a layer into one tensor. */
  void fuseGateUp(int layer, Part first, Part second) {
    Matrix both =
        value(TensorRole.weight(first, layer)).above(value(TensorRole.weight(second, layer)));
    values.remove(TensorRole.weight(first, layer));
    values.remove(TensorRole.weight(second, layer));
    values.put(TensorRole.weight(Part.GATE_UP, layer), both);
  }

  /** Writes the file, or the folder, into {@code folder} and returns it. */
  Path write(Path folder, String name) throws IOException {
    List<Stored> tensors = new ArrayList<>();
    values.forEach((role, matrix) -> tensors.add(stored(role, matrix)));
    List<Stored> edited = tensors;
    for (UnaryOperator<List<Stored>> edit : edits) {
      edited = edit.apply(edited);
    }
    List<TensorEntry> entries =
        edited.stream().map(t -> TensorEntry.of(t.name(), t.type(), t.dims(), t.bytes())).toList();
    Path target = folder.resolve(name + format.ending);
    Path file = target;
    switch (format) {
      case GGUF -> GgufWriter.write(target, settings.gguf(), entries);
      case APR -> AprWriter.write(target, settings.apr(), entries);
      case SAFETENSORS -> {
        Files.createDirectories(target);
        Files.writeString(target.resolve("config.json"), settings.huggingFace());
        file = target.resolve("model.safetensors");
        SafeTensorsWriter.write(file, Map.of("format", "pt"), entries);
      }
    }
    fileEdit.apply(file);
    return target;
  }

  private Stored stored(TensorRole role, Matrix matrix) {
    ElementType stored = storedType(role);
    boolean pairs = hasPairs(role);
    byte[] bytes =
        matrix == model.weights().get(role)
            ? model.encoded(role, stored, pairs, () -> encode(matrix, stored, pairs))
            : encode(matrix, stored, pairs);
    List<Long> dims =
        matrix.rows() == 1
            ? List.of((long) matrix.columns())
            : List.of((long) matrix.rows(), (long) matrix.columns());
    return new Stored(role, name(role), stored, dims, bytes.clone());
  }

  /** Whether the rows of a tensor stand in the file in ggml's order. */
  private boolean hasPairs(TensorRole role) {
    return ggmlNames && shape().isLlama() && (role.part() == Part.Q || role.part() == Part.K);
  }

  /** A tensor's values in another type, its rows in the order of this file. */
  byte[] encoded(TensorRole role, ElementType other) {
    return encode(value(role), other, hasPairs(role));
  }

  private byte[] encode(Matrix matrix, ElementType stored, boolean pairs) {
    Matrix rows =
        pairs ? matrix.takeRows(Orders.halvesToPairs(matrix.rows(), shape().headDim())) : matrix;
    return encode(rows, stored);
  }

  static byte[] encode(Matrix matrix, ElementType stored) {
    byte[] bytes = new byte[Math.toIntExact(stored.byteSize(matrix.values().length))];
    ElementEncoder.of(stored)
        .orElseThrow()
        .encode(matrix.values(), 0, matrix.values().length, bytes, 0);
    return bytes;
  }

  /** The role of a tensor of a Hugging Face file. */
  static TensorRole role(String name) {
    String stem = name.substring(0, name.lastIndexOf('.'));
    switch (stem) {
      case "model.embed_tokens":
        return TensorRole.weight(Part.EMBEDDING);
      case "model.norm":
        return TensorRole.weight(Part.FINAL_NORM);
      case "lm_head":
        return TensorRole.weight(Part.OUTPUT);
      default:
        String[] steps = stem.split("\\.", 4);
        for (Map.Entry<String, String> entry : HUGGING_FACE.entrySet()) {
          if (entry.getValue().equals(steps[3])) {
            String kind = name.endsWith(".bias") ? ".bias" : ".weight";
            return TensorRole.parse("layers." + steps[2] + "." + entry.getKey() + kind)
                .orElseThrow();
          }
        }
        throw new IllegalArgumentException(name);
    }
  }

  private String name(TensorRole role) {
    String word = role.part().word();
    String suffix = role.bias() ? ".bias" : ".weight";
    if (ggmlNames) {
      return switch (role.part()) {
        case EMBEDDING -> "token_embd.weight";
        case FINAL_NORM -> "output_norm.weight";
        case OUTPUT -> "output.weight";
        case GATE_UP -> "blk." + role.layer() + ".ffn_gate_up.weight";
        case ATTN_OUT -> "blk." + role.layer() + ".attn_output" + suffix;
        case Q, K, V, Q_NORM, K_NORM, QKV -> "blk." + role.layer() + ".attn_" + word + suffix;
        default -> "blk." + role.layer() + "." + word + suffix;
      };
    }
    return switch (role.part()) {
      case EMBEDDING -> "model.embed_tokens.weight";
      case FINAL_NORM -> "model.norm.weight";
      case OUTPUT -> "lm_head.weight";
      default -> "model.layers." + role.layer() + "." + HUGGING_FACE.get(word) + suffix;
    };
  }
}
