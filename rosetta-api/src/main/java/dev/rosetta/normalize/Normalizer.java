package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ElementCodecs;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Turns what a file says into what the engine runs, the same way for every format. */
public final class Normalizer {
  private final ModelSource source;
  private final ElementCodecs codecs;
  private final List<Finding> findings = new ArrayList<>();
  private final SortedMap<TensorRole, TensorInfo> tensors = new TreeMap<>();
  private final List<TensorInfo> unused = new ArrayList<>();
  private final SortedMap<TensorRole, Weight> weights = new TreeMap<>();
  private final NormalizationNotes notes;
  private final EmptyTensors empty = new EmptyTensors();

  private Normalizer(ModelSource source, ElementCodecs codecs) {
    this.source = source;
    this.codecs = codecs;
    this.notes = new NormalizationNotes(LanguagePart.of(source));
  }

  /**
   * Normalises {@code source}. Missing and misshapen tensors become findings; their weights are
   * absent from the model.
   *
   * @throws ModelException if weights are packed in a way that is not decoded, there is no
   *     supported architecture, or a size that the graph needs can be had neither from metadata nor
   *     from shapes
   */
  public static Model normalize(ModelSource source, ElementCodecs codecs) {
    return new Normalizer(source, codecs).normalize();
  }

  /** The role of a tensor by its name in the file; empty if it has none. */
  public static Optional<TensorRole> role(String tensorName) {
    return TensorNames.role(tensorName);
  }

  /** Dims slowest-varying first, whatever the format's order. */
  public static List<Long> rowMajorDims(TensorInfo tensor, DimensionOrder order) {
    return Shapes.rowMajor(tensor, order);
  }

  private Model normalize() {
    refusePacked();
    assignRoles();
    RowConvention rows = rowConvention();
    ModelConfig config =
        EffectiveConfig.of(source, new Shapes(source, tensors, empty), rows, findings);
    if (!config.architecture().equals("llama")) {
      rows = RowConvention.HALF_SPLIT;
    }
    for (TensorRole role : tensors.keySet()) {
      switch (role.part()) {
        case QKV -> addFusedQkv(role, config, rows);
        case GATE_UP -> addFusedGateUp(role, config);
        default -> addWhole(role, config, rows);
      }
    }
    reportMissing(config);
    return new Model(source, config, weights, unused, findings, notes.list(rows));
  }

  /** Weights that are there, but packed in an unknown way, must not be called missing. */
  private void refusePacked() {
    for (SourceNote note : source.notes()) {
      if (note.code().equals(ErrorCode.UNSUPPORTED_QUANTIZATION.name())) {
        throw new ModelException(ErrorCode.UNSUPPORTED_QUANTIZATION, source.path(), note.message());
      }
    }
  }

  private void assignRoles() {
    Set<String> damaged = new HashSet<>();
    for (SourceNote note : source.notes()) {
      if (note.severity() == Severity.ERROR && note.tensor() != null) {
        damaged.add(note.tensor());
      }
    }
    for (TensorInfo tensor : source.tensors()) {
      if (TensorNames.isIrrelevant(tensor.name()) || damaged.contains(tensor.name())) {
        continue;
      }
      Optional<TensorNames.Reading> reading = TensorNames.read(tensor.name());
      Optional<TensorRole> role = reading.map(TensorNames.Reading::role);
      if (role.isEmpty() || !isRead(role.get())) {
        if (!notes.leavesOut(tensor.name())) {
          unused.add(tensor);
        }
        continue;
      }
      notes.read(reading.get());
      if (tensor.elements() == 0) {
        empty.add(role.get(), tensor);
        continue;
      }
      TensorInfo other = tensors.putIfAbsent(role.get(), tensor);
      if (other != null) {
        findings.add(
            new Finding(
                DiagnosisCode.TENSOR_DUPLICATED,
                Severity.ERROR,
                role.get().toString(),
                layer(role.get()),
                "'" + other.name() + "' and '" + tensor.name() + "' are both " + role.get()));
      }
    }
    empty.finding().ifPresent(findings::add);
  }

  /** The graph knows no bias of a norm. */
  private static boolean isRead(TensorRole role) {
    return !role.bias() || !role.part().isVector();
  }

  /** ggml's converter interleaves the Q/K rows of llama models; names tell where rows come from. */
  private RowConvention rowConvention() {
    boolean ggufNames = tensors.values().stream().anyMatch(t -> TensorNames.isGgufStyle(t.name()));
    boolean gguf =
        switch (source.dialect()) {
          case GGUF -> true;
          case HUGGING_FACE -> notes.hasOriginalNames();
          case APR ->
              ggufNames
                  || source.metadata().value("original_format").filter("gguf"::equals).isPresent()
                      && source
                          .metadata()
                          .value("rope_type")
                          .filter(Long.valueOf(0)::equals)
                          .isPresent();
        };
    return gguf ? RowConvention.GGUF_INTERLEAVED : RowConvention.HALF_SPLIT;
  }

  private void addWhole(TensorRole role, ModelConfig config, RowConvention rows) {
    if (role.layer() >= config.layers()) {
      return;
    }
    List<Long> expected = Inventory.shape(role, config);
    if (!fits(role, expected)) {
      return;
    }
    boolean rotated = role.part() == Part.Q || role.part() == Part.K;
    int out = Math.toIntExact(expected.getFirst());
    int @Nullable [] order =
        rotated && rows == RowConvention.GGUF_INTERLEAVED
            ? RowConvention.interleaved(out, config.headDim())
            : null;
    if (expected.size() == 1) {
      add(role, role, 0, 1, out, null);
      if (order != null) {
        // A bias is one row here; its elements follow the rows of its weight.
        Weight stored = weights.get(role);
        if (stored != null && stored.isReadable()) {
          float[] values = stored.decodeAll();
          float[] canonical = new float[out];
          for (int i = 0; i < out; i++) {
            canonical[i] = values[order[i]];
          }
          weights.put(role, stored.withValues(1, out, canonical));
        }
      }
    } else {
      add(role, role, 0, out, Math.toIntExact(expected.get(1)), order);
    }
  }

  private void addFusedQkv(TensorRole role, ModelConfig config, RowConvention rows) {
    if (role.layer() >= config.layers() || !fits(role, Inventory.shape(role, config))) {
      return;
    }
    int first = 0;
    for (Part part : List.of(Part.Q, Part.K, Part.V)) {
      TensorRole target = new TensorRole(part, role.layer(), role.bias());
      List<Long> shape = Inventory.shape(target, config);
      int out = Math.toIntExact(shape.getFirst());
      int @Nullable [] order =
          part != Part.V && rows == RowConvention.GGUF_INTERLEAVED
              ? RowConvention.interleaved(out, config.headDim())
              : null;
      addPart(role, target, first, out, order, config);
      first += out;
    }
  }

  private void addFusedGateUp(TensorRole role, ModelConfig config) {
    if (role.layer() >= config.layers() || !fits(role, Inventory.shape(role, config))) {
      return;
    }
    int ffn = config.intermediateSize();
    addPart(role, new TensorRole(Part.FFN_GATE, role.layer(), role.bias()), 0, ffn, null, config);
    addPart(role, new TensorRole(Part.FFN_UP, role.layer(), role.bias()), ffn, ffn, null, config);
  }

  private void addPart(
      TensorRole fused,
      TensorRole target,
      int first,
      int out,
      int @Nullable [] order,
      ModelConfig config) {
    if (!target.bias()) {
      add(fused, target, first, out, config.hiddenSize(), order);
      return;
    }
    // A fused bias is a vector: its part is a slice, which no row range can express.
    TensorInfo tensor = tensors.get(fused);
    if (tensor == null) {
      return;
    }
    Weight whole = weight(fused, tensor, 0, 1, Math.toIntExact(tensor.elements()), null);
    if (!whole.isReadable()) {
      weights.put(target, weight(target, tensor, 0, 1, out, null));
      return;
    }
    float[] values = whole.decodeAll();
    float[] slice = new float[out];
    for (int i = 0; i < out; i++) {
      slice[i] = values[first + (order == null ? i : order[i])];
    }
    weights.put(target, weight(target, tensor, 0, 1, out, null).withValues(1, out, slice));
  }

  private void add(
      TensorRole stored,
      TensorRole target,
      int first,
      int rows,
      int columns,
      int @Nullable [] order) {
    TensorInfo tensor = tensors.get(stored);
    if (tensor != null) {
      weights.put(target, weight(target, tensor, first, rows, columns, order));
    }
  }

  private Weight weight(
      TensorRole target,
      TensorInfo tensor,
      int first,
      int rows,
      int columns,
      int @Nullable [] order) {
    return Weight.stored(
        target,
        source,
        tensor,
        codecs.codec(tensor.type()).orElse(null),
        first,
        rows,
        columns,
        order);
  }

  /** Whether the tensor has the shape that the config asks for, either way round. */
  private boolean fits(TensorRole role, List<Long> expected) {
    TensorInfo tensor = tensors.get(role);
    if (tensor == null) {
      return false;
    }
    List<Long> dims = withoutUnitDims(Shapes.rowMajor(tensor, source.dimensionOrder()));
    if (dims.equals(withoutUnitDims(expected))) {
      return true;
    }
    if (dims.equals(withoutUnitDims(expected).reversed())) {
      findings.add(
          new Finding(
              DiagnosisCode.DIMS_REVERSED,
              Severity.WARNING,
              role.toString(),
              layer(role),
              "'" + tensor.name() + "' is listed as " + dims + " where " + expected + " is meant"));
      return true;
    }
    findings.add(
        new Finding(
            DiagnosisCode.SHAPE_MISMATCH,
            Severity.ERROR,
            role.toString(),
            layer(role),
            "'" + tensor.name() + "' has dims " + dims + ", the config asks for " + expected));
    return false;
  }

  private static List<Long> withoutUnitDims(List<Long> dims) {
    return dims.stream().filter(dim -> dim != 1).toList();
  }

  private void reportMissing(ModelConfig config) {
    Set<String> misshapen = new HashSet<>();
    for (Finding finding : findings) {
      if (finding.code() == DiagnosisCode.SHAPE_MISMATCH) {
        misshapen.add(finding.subject());
      }
    }
    for (TensorRole role : Inventory.required(config)) {
      if (!weights.containsKey(role)
          && !misshapen.contains(role.toString())
          && !empty.contains(role)) {
        findings.add(
            new Finding(
                DiagnosisCode.TENSOR_MISSING,
                Severity.ERROR,
                role.toString(),
                layer(role),
                "there is no " + role + ", which " + config.architecture() + " needs"));
      }
    }
  }

  private static @Nullable Integer layer(TensorRole role) {
    return role.layer() >= 0 ? role.layer() : null;
  }
}
