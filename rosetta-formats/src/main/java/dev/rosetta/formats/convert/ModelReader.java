package dev.rosetta.formats.convert;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprNote;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads a stored model as content by role: rows in half-split order, fused weights taken apart.
 * Weights stay in the file until they are written.
 */
final class ModelReader {
  private final ModelSource source;
  private final Recoding recoding = new Recoding();
  private final Set<String> notes = new LinkedHashSet<>();
  private final SequencedMap<TensorRole, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<TensorRole, List<Long>> shapes = new LinkedHashMap<>();
  private final List<TensorEntry> others = new ArrayList<>();

  private ModelReader(ModelSource source) {
    this.source = source;
  }

  /** What was read, and what has no place in it. */
  record Result(ModelContent content, List<String> notes) {}

  /**
   * @throws ModelException if the model is damaged, not supported, or its tensors do not fit its
   *     configuration
   */
  static Result read(ModelSource source) {
    ModelReader reader = new ModelReader(source);
    reader.collect();
    return reader.content();
  }

  private void collect() {
    for (SourceNote note : source.notes()) {
      if (note.code().equals(ErrorCode.UNSUPPORTED_QUANTIZATION.name())) {
        throw new ModelException(ErrorCode.UNSUPPORTED_QUANTIZATION, source.path(), note.message());
      }
      if (note.severity() == Severity.ERROR) {
        throw new ModelException(
            ErrorCode.MALFORMED, source.path(), "is damaged: " + note.message());
      }
      if (note.code().equals(AprNote.TRAINING_CHECKPOINT.name())) {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_ARCHITECTURE,
            source.path(),
            "is " + note.message() + "; export a model from it with aprender and convert that");
      }
      if (note.severity() == Severity.WARNING) {
        notes.add("the input: " + note.message());
      }
    }
    for (TensorInfo tensor : source.tensors()) {
      Optional<TensorRole> role = RoleNames.role(tensor.name());
      if (role.isPresent()) {
        TensorInfo other = tensors.putIfAbsent(role.get(), tensor);
        if (other != null) {
          throw new ModelException(
              ErrorCode.TENSOR_DUPLICATED,
              source.path(),
              "'" + other.name() + "' and '" + tensor.name() + "' are both " + role.get());
        }
        shapes.put(role.get(), rowMajor(tensor));
      } else if (tensor.name().startsWith("__training__.")
          || tensor.name().endsWith(".input_scale")
          || tensor.name().endsWith(".rotary_emb.inv_freq")) {
        notes.add(
            "'"
                + Quoted.escape(tensor.name())
                + "' takes no part in a forward pass and is left out");
      } else {
        others.add(TensorEntry.copyOf(tensor.name(), source, tensor, rowMajor(tensor)));
      }
    }
  }

  private List<Long> rowMajor(TensorInfo tensor) {
    return source.dimensionOrder() == DimensionOrder.FASTEST_FIRST
        ? tensor.dims().reversed()
        : tensor.dims();
  }

  private Result content() {
    StatedFacts stated = new StatedFacts(source, shapes);
    ModelFacts facts = stated.read();
    notes.addAll(stated.notes());
    List<RoleTensor> content = new ArrayList<>();
    boolean interleaved = facts.architecture().equals("llama") && hasGgufRows();
    checkRotaryStyle(facts, interleaved);
    for (TensorRole role : tensors.sequencedKeySet()) {
      RoleTensor whole = tensor(role, facts);
      switch (role.part()) {
        case QKV -> {
          int q = facts.heads() * facts.headDim();
          int kv = facts.kvHeads() * facts.headDim();
          content.add(canonical(slice(whole, Part.Q, 0, q), facts, interleaved));
          content.add(canonical(slice(whole, Part.K, q, kv), facts, interleaved));
          content.add(slice(whole, Part.V, q + kv, kv));
        }
        case GATE_UP -> {
          content.add(slice(whole, Part.FFN_GATE, 0, facts.ffn()));
          content.add(slice(whole, Part.FFN_UP, facts.ffn(), facts.ffn()));
        }
        default -> content.add(canonical(whole, facts, interleaved));
      }
    }
    facts = withoutCopiedHead(facts, content);
    facts = withNamedScaling(facts, content);
    List<String> left = stated.leftOver();
    if (!left.isEmpty()) {
      String shown = left.stream().limit(20).map(Quoted::escape).collect(Collectors.joining(", "));
      notes.add(
          "metadata that has no place in the new file: "
              + shown
              + (left.size() > 20 ? " and " + (left.size() - 20) + " more" : ""));
    }
    return new Result(
        new ModelContent(facts, source.vocabulary().orElse(null), null, content, others),
        List.copyOf(notes));
  }

  /** Whether rows of Q and K come as ggml's converter stores them. */
  private boolean hasGgufRows() {
    return switch (source.dialect()) {
      case GGUF -> true;
      case HUGGING_FACE -> false;
      case APR ->
          tensors.values().stream().anyMatch(tensor -> tensor.name().startsWith("blk."))
              || source.metadata().value("original_format").filter("gguf"::equals).isPresent()
                  && source
                      .metadata()
                      .value("rope_type")
                      .filter(Long.valueOf(0)::equals)
                      .isPresent();
    };
  }

  private void checkRotaryStyle(ModelFacts facts, boolean interleaved) {
    Object style = source.metadata().value("rope_type").orElse(null);
    boolean contradicts =
        interleaved && Long.valueOf(2).equals(style)
            || facts.architecture().equals("qwen2") && Long.valueOf(0).equals(style);
    if (source.dialect() == MetadataDialect.APR && contradicts) {
      notes.add(
          "rope_type "
              + style
              + " contradicts the row order of this "
              + facts.architecture()
              + " model; the new file states the order that its rows are trained for");
    }
  }

  private RoleTensor tensor(TensorRole role, ModelFacts facts) {
    TensorInfo tensor = tensors.get(role);
    if (tensor == null) {
      throw new IllegalStateException("no tensor for " + role);
    }
    List<Long> dims = rowMajor(tensor);
    List<Long> expected = expected(role, facts);
    if (expected != null && !dims.equals(expected)) {
      if (!dims.reversed().equals(expected) || source.dialect() != MetadataDialect.APR) {
        throw new ModelException(
            ErrorCode.SHAPE_MISMATCH,
            source.path(),
            "tensor '"
                + tensor.name()
                + "' has dims "
                + dims
                + ", but its configuration gives "
                + expected);
      }
      notes.add(
          "dims of '"
              + Quoted.escape(tensor.name())
              + "' are listed [in, out]; they are put right");
      dims = expected;
    }
    try {
      return stored(role, tensor, dims);
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          ErrorCode.SHAPE_MISMATCH, source.path(), -1, String.valueOf(e.getMessage()), e);
    }
  }

  private @Nullable List<Long> expected(TensorRole role, ModelFacts facts) {
    long hidden = facts.hidden();
    long q = (long) facts.heads() * facts.headDim();
    long kv = (long) facts.kvHeads() * facts.headDim();
    long ffn = facts.ffn();
    long rows =
        switch (role.part()) {
          case EMBEDDING, OUTPUT -> facts.vocab();
          case Q -> q;
          case K, V -> kv;
          case QKV -> q + 2 * kv;
          case ATTN_OUT, FFN_DOWN, ATTN_NORM, FFN_NORM, FINAL_NORM -> hidden;
          case FFN_GATE, FFN_UP -> ffn;
          case GATE_UP -> 2 * ffn;
          case Q_NORM, K_NORM -> facts.headDim();
          case ROPE_FREQS -> facts.headDim() / 2;
        };
    if (role.bias() || role.part().isVector()) {
      return List.of(rows);
    }
    long columns =
        switch (role.part()) {
          case ATTN_OUT -> q;
          case FFN_DOWN -> ffn;
          default -> hidden;
        };
    return List.of(rows, columns);
  }

  /** Rows as they lie in the file. */
  private RoleTensor stored(TensorRole role, TensorInfo tensor, List<Long> dims) {
    RoleTensor shape = new RoleTensor(role, tensor.type(), dims, (row, target, at) -> {});
    int block = tensor.type().blockElements();
    boolean rowsAreBytes =
        !(role.bias() && tensor.type().isQuantized())
            && tensor.scale() == 1
            && tensor.type() != ElementType.APR_Q8
            && (tensor.layout() == BlockLayout.ROW_ALIGNED || shape.columns() % block == 0);
    if (!rowsAreBytes) {
      notes.add(
          "'"
              + Quoted.escape(tensor.name())
              + "' ("
              + tensor.type()
              + (tensor.scale() == 1
                  ? ") has no rows of its own"
                  : ") is multiplied by one factor as a whole")
              + "; it is decoded to F32, value for value");
      return decodedFlat(role, tensor, dims);
    }
    if (shape.byteSize() != tensor.byteSize()) {
      throw new IllegalArgumentException(
          "'"
              + tensor.name()
              + "' has "
              + tensor.byteSize()
              + " bytes; its dims "
              + dims
              + " take "
              + shape.byteSize());
    }
    int rowBytes = shape.rowBytes();
    return new RoleTensor(
        role,
        tensor.type(),
        dims,
        (row, target, at) ->
            source.read(
                tensor,
                (long) row * rowBytes,
                MemorySegment.ofArray(target).asSlice(at, rowBytes),
                rowBytes));
  }

  private RoleTensor decodedFlat(TensorRole role, TensorInfo tensor, List<Long> dims) {
    ElementType type = tensor.type();
    if (!recoding.canDecode(type)) {
      throw new IllegalArgumentException("'" + tensor.name() + "' is " + type + ", not decodable");
    }
    int columns = Math.toIntExact(dims.getLast());
    int block = type.blockElements();
    return new RoleTensor(
        role,
        ElementType.F32,
        dims,
        (row, target, at) -> {
          long first = (long) row * columns;
          long from = first / block;
          int blocks = Math.toIntExact(Math.ceilDiv(first + columns, (long) block) - from);
          byte[] encoded = new byte[Math.multiplyExact(blocks, type.blockBytes())];
          source.read(
              tensor, from * type.blockBytes(), MemorySegment.ofArray(encoded), encoded.length);
          float[] values = recoding.decode(type, encoded, blocks * block);
          int skip = (int) (first - from * block);
          float[] line = Arrays.copyOfRange(values, skip, skip + columns);
          if (tensor.scale() != 1) {
            for (int i = 0; i < columns; i++) {
              line[i] *= tensor.scale();
            }
          }
          System.arraycopy(Recoding.bytes(line), 0, target, at, columns * Float.BYTES);
        });
  }

  /** Some rows of a fused weight, or some elements of a fused bias. */
  private static RoleTensor slice(RoleTensor whole, Part part, int first, int count) {
    TensorRole role = new TensorRole(part, whole.role().layer(), whole.role().bias());
    if (whole.dims().size() == 2) {
      return new RoleTensor(
          role,
          whole.type(),
          List.of((long) count, whole.dims().get(1)),
          (row, target, at) -> whole.rows().read(first + row, target, at));
    }
    int width = whole.rowBytes() / whole.columns();
    return new RoleTensor(
        role,
        whole.type(),
        List.of((long) count),
        (row, target, at) -> {
          byte[] all = new byte[whole.rowBytes()];
          whole.rows().read(0, all, 0);
          System.arraycopy(all, first * width, target, at, count * width);
        });
  }

  private RoleTensor canonical(RoleTensor tensor, ModelFacts facts, boolean interleaved) {
    TensorRole role = tensor.role();
    if (!interleaved || role.part() != Part.Q && role.part() != Part.K) {
      return tensor;
    }
    int headDim = facts.headDim();
    RowSource rows = tensor.rows();
    RowSource canonical =
        tensor.dims().size() == 2
            ? (row, target, at) -> rows.read(HeadRows.interleaved(row, headDim), target, at)
            : (row, target, at) -> {
              byte[] stored = new byte[tensor.rowBytes()];
              rows.read(0, stored, 0);
              int[] order = new int[tensor.columns()];
              Arrays.setAll(order, i -> HeadRows.interleaved(i, headDim));
              byte[] result = ModelFiles.permuted(stored, tensor.columns(), order);
              System.arraycopy(result, 0, target, at, result.length);
            };
    return new RoleTensor(role, tensor.type(), tensor.dims(), canonical);
  }

  /** A tied model whose file spells out the head: the copy goes, unless it is none. */
  private ModelFacts withoutCopiedHead(ModelFacts facts, List<RoleTensor> content) {
    TensorRole output = TensorRole.weight(Part.OUTPUT);
    Optional<RoleTensor> head = content.stream().filter(t -> t.role().equals(output)).findFirst();
    Optional<RoleTensor> embedding =
        content.stream()
            .filter(t -> t.role().equals(TensorRole.weight(Part.EMBEDDING)))
            .findFirst();
    if (!facts.tied() || head.isEmpty() || embedding.isEmpty()) {
      return facts;
    }
    if (isSame(head.get(), embedding.get())) {
      content.remove(head.get());
      return facts;
    }
    notes.add("the head is said to be tied but is not the embedding; it is kept as it is");
    return facts.withTied(false);
  }

  private static boolean isSame(RoleTensor a, RoleTensor b) {
    if (a.type() != b.type() || !a.dims().equals(b.dims())) {
      return false;
    }
    byte[] one = new byte[a.rowBytes()];
    byte[] two = new byte[a.rowBytes()];
    for (int row = 0; row < a.rowCount(); row++) {
      a.rows().read(row, one, 0);
      b.rows().read(row, two, 0);
      if (!Arrays.equals(one, two)) {
        return false;
      }
    }
    return true;
  }

  /** Llama 3's scaling by its four numbers, where the stored divisors are exactly theirs. */
  private ModelFacts withNamedScaling(ModelFacts facts, List<RoleTensor> content) {
    TensorRole role = TensorRole.weight(Part.ROPE_FREQS);
    Optional<RoleTensor> stored = content.stream().filter(t -> t.role().equals(role)).findFirst();
    if (stored.isEmpty()) {
      return facts;
    }
    Map<String, Object> scaling =
        Llama3Frequencies.scaling(
            recoding.decode(stored.get(), 0), facts.ropeTheta(), facts.headDim());
    if (scaling == null) {
      return facts;
    }
    content.remove(stored.get());
    return facts.withRopeScaling(scaling);
  }
}
