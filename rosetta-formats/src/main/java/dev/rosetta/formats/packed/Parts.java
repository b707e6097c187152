package dev.rosetta.formats.packed;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The stored tensors of a folder by name, and which of them belong to packed weights. */
final class Parts {
  private static final String WEIGHT = ".weight";

  /** What the names of parts add to that of the module. */
  private static final List<String> BESIDE_MODULE =
      List.of(".scales", ".qzeros", ".g_idx", ".biases", ".SCB");

  /** What the names of parts add to that of the weight. */
  private static final List<String> BESIDE_WEIGHT =
      List.of(
          "_scale",
          "_scale_inv",
          "_scale_2",
          "_global_scale",
          "_scales",
          "_shape",
          "_zero_point",
          "_g_idx",
          ".absmax",
          ".quant_map",
          ".nested_absmax",
          ".nested_quant_map");

  private final List<MappedFile> files;
  private final Quantization quantization;
  private final List<SourceNote> notes;
  private final Map<String, TensorInfo> tensors = new HashMap<>();
  private final Map<String, SourceNote> damaged = new HashMap<>();
  private final Set<String> taken = new HashSet<>();

  Parts(
      List<MappedFile> files,
      List<TensorInfo> tensors,
      Quantization quantization,
      List<SourceNote> notes) {
    this.files = files;
    this.quantization = quantization;
    this.notes = notes;
    tensors.forEach(tensor -> this.tensors.put(tensor.name(), tensor));
    for (SourceNote note : notes) {
      if (note.severity() == Severity.ERROR && note.tensor() != null) {
        damaged.putIfAbsent(note.tensor(), note);
      }
    }
  }

  Quantization quantization() {
    return quantization;
  }

  boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** Whether a packed weight may begin with the tensor: it holds codes, and is no other's part. */
  boolean isMain(TensorInfo tensor) {
    String name = tensor.name();
    return switch (tensor.type()) {
      case F8_E4M3, F8_E5M2, I8, U8, I32, U32 -> !taken.contains(name);
      default ->
          BitsAndBytes.STATES.stream().anyMatch(suffix -> tensors.containsKey(name + suffix));
    };
  }

  /**
   * The tensor {@code name}, which is there.
   *
   * @throws ModelException if it is damaged
   */
  Part open(String name) {
    TensorInfo tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    MappedFile file = files.get(tensor.file());
    SourceNote damage = damaged.get(name);
    if (damage != null) {
      throw new ModelException(
          ErrorCode.valueOf(damage.code()), file.path(), tensor.offset(), damage.message());
    }
    return new Part(file, tensor);
  }

  /**
   * The tensor {@code name} as a part of a packed weight, or null if there is none.
   *
   * @throws ModelException if it is damaged
   */
  @Nullable Part take(String name) {
    if (!has(name)) {
      return null;
    }
    taken.add(name);
    return open(name);
  }

  /**
   * The tensor {@code name}, without which {@code main} cannot be decoded.
   *
   * @throws ModelException if it is missing or damaged
   */
  Part require(String name, Part main) {
    Part part = take(name);
    if (part == null) {
      throw main.error(
          ErrorCode.TENSOR_MISSING,
          "cannot be decoded without "
              + Quoted.quote(name)
              + ", which no file holds; download or write the folder again");
    }
    return part;
  }

  /** Counts a tensor and all that go by its name among the parts of a packed weight. */
  void hide(String main, String weight) {
    taken.add(main);
    String stem =
        weight.endsWith(WEIGHT) ? weight.substring(0, weight.length() - WEIGHT.length()) : weight;
    BESIDE_MODULE.forEach(suffix -> taken.add(stem + suffix));
    BESIDE_WEIGHT.forEach(suffix -> taken.add(weight + suffix));
    BitsAndBytes.STATES.forEach(suffix -> taken.add(weight + suffix));
  }

  /** Whether the tensor belongs to a packed weight. */
  boolean isTaken(String name) {
    return taken.contains(name);
  }

  boolean isDamaged(String name) {
    return damaged.containsKey(name);
  }

  void note(Severity severity, String code, String tensor, String message) {
    notes.add(new SourceNote(severity, code, tensor, message));
  }
}
