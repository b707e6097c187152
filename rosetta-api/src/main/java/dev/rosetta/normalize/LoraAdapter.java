package dev.rosetta.normalize;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.spi.ElementCodecs;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A low-rank adapter as the PEFT library saves it: for some modules a matrix A {@code [rank, in]}
 * and a matrix B {@code [out, rank]}. Applied, a module's weight is {@code W + scale · B A}, worked
 * out when it is needed. The order of B's rows is that of Hugging Face's weights, which is
 * canonical.
 */
public final class LoraAdapter {
  /** {@code MODULE.lora_A.weight}, or with the name of the adapter in between. */
  private static final Pattern NAME = Pattern.compile("(.+)\\.lora_([AB])(?:\\.[\\w-]+)?\\.weight");

  private static final String WRAPPER = "base_model.model.";

  /** Names that a message lists. */
  private static final int LISTED = 5;

  private final ModelSource source;
  private final ElementCodecs codecs;
  private final LoraConfig config;
  private final SortedMap<String, Factors> modules = new TreeMap<>();

  private LoraAdapter(ModelSource source, ElementCodecs codecs) {
    this.source = source;
    this.codecs = codecs;
    this.config = LoraConfig.of(source);
  }

  /** The two tensors of a module. */
  private static final class Factors {
    private @Nullable TensorInfo a;
    private @Nullable TensorInfo b;
  }

  /**
   * Reads what an adapter holds. Its source must stay open as long as a model that it was applied
   * to is used.
   *
   * @throws ModelException if it does more than add low-rank products, or is incomplete
   */
  public static LoraAdapter read(ModelSource source, ElementCodecs codecs) {
    LoraAdapter adapter = new LoraAdapter(source, codecs);
    adapter.collect();
    return adapter;
  }

  private void collect() {
    source.notes().stream()
        .filter(note -> note.severity() == Severity.ERROR)
        .findFirst()
        .ifPresent(
            note -> {
              throw new ModelException(ErrorCode.MALFORMED, source.path(), note.message());
            });
    List<String> others = new ArrayList<>();
    for (TensorInfo tensor : source.tensors()) {
      Matcher name = NAME.matcher(tensor.name());
      if (!name.matches()) {
        others.add(tensor.name());
        continue;
      }
      Factors factors = modules.computeIfAbsent(name.group(1), _ -> new Factors());
      boolean first = name.group(2).equals("A");
      TensorInfo other = first ? factors.a : factors.b;
      if (other != null) {
        throw new ModelException(
            ErrorCode.TENSOR_DUPLICATED,
            source.path(),
            "'" + other.name() + "' and '" + tensor.name() + "' are of two adapters; save one");
      }
      if (first) {
        factors.a = tensor;
      } else {
        factors.b = tensor;
      }
    }
    if (!others.isEmpty()) {
      throw LoraConfig.unsupported(
          source, "the adapter holds more than low-rank products: " + listed(others));
    }
    if (modules.isEmpty()) {
      throw new ModelException(
          ErrorCode.TENSOR_MISSING, source.path(), "the adapter holds no lora_A and lora_B");
    }
  }

  /**
   * {@code base} with the adapter added to the weights of its modules.
   *
   * @throws ModelException if a module of the adapter is none of the base's, or has another shape
   */
  public Model applyTo(Model base) {
    SortedMap<TensorRole, Weight> weights = new TreeMap<>(base.weights());
    List<String> unmatched = new ArrayList<>();
    SortedSet<String> parts = new TreeSet<>();
    int changed = 0;
    for (var entry : modules.entrySet()) {
      List<Weight> targets = targets(entry.getKey(), base);
      if (targets.isEmpty()) {
        unmatched.add(entry.getKey());
        continue;
      }
      int row = 0;
      for (Weight target : targets) {
        weights.put(target.role(), sum(target, entry.getKey(), entry.getValue(), row, targets));
        parts.add(target.role().part().word());
        row += target.rows();
        changed++;
      }
    }
    if (!unmatched.isEmpty()) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ADAPTER,
          source.path(),
          unmatched.size()
              + " of the adapter's "
              + modules.size()
              + " modules are none of "
              + base.source().path()
              + ": "
              + listed(unmatched)
              + "; give the base that the adapter was trained on"
              + baseName());
    }
    List<SourceNote> notes = new ArrayList<>(base.notes());
    notes.add(
        new SourceNote(
            Severity.INFO,
            "ADAPTER_APPLIED",
            null,
            "the adapter "
                + source.path()
                + " is added in memory to "
                + changed
                + " weights ("
                + String.join(", ", parts)
                + ")"));
    return new Model(base.source(), base.config(), weights, base.unused(), base.findings(), notes);
  }

  private String baseName() {
    return source
        .metadata()
        .value("base_model_name_or_path")
        .map(name -> ", '" + name + "'")
        .orElse("");
  }

  /** The weights that a module stands for: one, or the parts of a fused one in their order. */
  private static List<Weight> targets(String module, Model base) {
    TensorRole role = TensorNames.role(module + ".weight").orElse(null);
    if (role == null) {
      return List.of();
    }
    List<Part> parts =
        switch (role.part()) {
          case QKV -> List.of(Part.Q, Part.K, Part.V);
          case GATE_UP -> List.of(Part.FFN_GATE, Part.FFN_UP);
          default -> List.of(role.part());
        };
    List<Weight> targets =
        parts.stream()
            .flatMap(part -> base.weight(new TensorRole(part, role.layer(), false)).stream())
            .toList();
    return targets.size() == parts.size() ? targets : List.of();
  }

  private Weight sum(Weight weight, String module, Factors factors, int row, List<Weight> all) {
    if (factors.a == null || factors.b == null) {
      throw new ModelException(
          ErrorCode.TENSOR_MISSING,
          source.path(),
          "'" + module + "' has only one of lora_A and lora_B");
    }
    String own = module.startsWith(WRAPPER) ? module.substring(WRAPPER.length()) : module;
    int rank = (int) Math.min(config.rank(own), Integer.MAX_VALUE);
    int out = all.stream().mapToInt(Weight::rows).sum();
    Weight a = factor(weight.role(), factors.a, rank, weight.columns());
    Weight b = factor(weight.role(), factors.b, out, rank);
    float scale = (float) config.scale(own);
    return valueType(weight)
        .withValues(weight.rows(), weight.columns(), () -> sum(weight, a, b, row, scale));
  }

  private Weight factor(TensorRole role, TensorInfo tensor, int rows, int columns) {
    List<Long> expected = List.of((long) rows, (long) columns);
    if (!tensor.dims().equals(expected)) {
      throw new ModelException(
          ErrorCode.SHAPE_MISMATCH,
          source.path(),
          "'"
              + tensor.name()
              + "' has dims "
              + tensor.dims()
              + ", its configuration and the base model ask for "
              + expected);
    }
    return Weight.stored(
        role, source, tensor, codecs.codec(tensor.type()).orElse(null), 0, rows, columns, null);
  }

  /** {@code W + scale · B A}; {@code row} is B's row for the first of the weight. */
  private static float[] sum(Weight weight, Weight a, Weight b, int row, float scale) {
    float[] values = weight.decodeAll().clone();
    float[] right = a.decodeAll();
    int columns = weight.columns();
    int rank = b.columns();
    float[] left = new float[rank];
    float[] product = new float[columns];
    for (int r = 0; r < weight.rows(); r++) {
      b.decodeRow(row + r, left, 0);
      Arrays.fill(product, 0);
      for (int k = 0; k < rank; k++) {
        float factor = left[k];
        int from = k * columns;
        for (int c = 0; c < columns; c++) {
          product[c] += factor * right[from + c];
        }
      }
      int to = r * columns;
      for (int c = 0; c < columns; c++) {
        values[to + c] += scale * product[c];
      }
    }
    return values;
  }

  /** A sum is no value of a 16-bit type any more. What was quantised stays as coarse as it was. */
  private static Weight valueType(Weight weight) {
    TensorInfo stored = weight.tensor();
    ElementCodec codec = weight.codec();
    if (codec == null) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
          weight.source().path(),
          "'"
              + stored.name()
              + "' is "
              + stored.type()
              + ", which cannot be decoded, so that no adapter can be added to it");
    }
    return switch (stored.type()) {
      case F16, BF16, F64 ->
          weight.reread(
              weight.source(),
              new TensorInfo(
                  stored.name(),
                  ElementType.F32,
                  stored.dims(),
                  BlockLayout.ROW_ALIGNED,
                  1,
                  stored.file(),
                  stored.offset(),
                  Math.multiplyExact(4, stored.elements())),
              codec);
      default -> weight;
    };
  }

  private static String listed(List<String> names) {
    String shown = names.stream().limit(LISTED).collect(Collectors.joining(", "));
    return names.size() > LISTED ? shown + " and " + (names.size() - LISTED) + " more" : shown;
  }
}
