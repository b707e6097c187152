package dev.rosetta.formats.gguf;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Scales of whole weights. NVFP4 blocks need a further factor, which llama.cpp's converter writes
 * as an F32 tensor of one value, {@code X.scale} beside {@code X.weight}; others call it {@code
 * X.weight.scale}. A weight without its factor would be another weight, so the two are one tensor
 * here. {@code X.input_scale} concerns activations that are quantised and no exact arithmetic.
 */
final class WeightScales {
  private static final String SUFFIX = ".scale";
  private static final String WEIGHT = ".weight";

  private WeightScales() {}

  /**
   * The tensors with each scale in its weight. A scale that cannot be applied stays in the list,
   * and a note says that its weight cannot be read.
   */
  static List<TensorInfo> fold(
      List<MappedFile> files, ByteOrder order, List<TensorInfo> tensors, List<SourceNote> notes) {
    Set<String> names = new HashSet<>();
    tensors.forEach(tensor -> names.add(tensor.name()));
    Map<String, List<TensorInfo>> scales = new HashMap<>();
    for (TensorInfo tensor : tensors) {
      weightOf(tensor.name())
          .filter(names::contains)
          .ifPresent(weight -> scales.computeIfAbsent(weight, _ -> new ArrayList<>()).add(tensor));
    }
    if (scales.isEmpty()) {
      return tensors;
    }
    Set<String> damaged = new HashSet<>();
    notes.forEach(note -> damaged.add(String.valueOf(note.tensor())));
    Map<String, Float> factors = new HashMap<>();
    Set<String> folded = new HashSet<>();
    scales.forEach(
        (weight, found) -> {
          TensorInfo scale = found.getFirst();
          if (found.size() == 1
              && scale.type() == ElementType.F32
              && scale.elements() == 1
              && !damaged.contains(scale.name())) {
            byte[] bytes = files.get(scale.file()).readBytes(scale.offset(), Float.BYTES);
            factors.put(weight, ByteBuffer.wrap(bytes).order(order).getFloat());
            folded.add(scale.name());
          } else {
            notes.add(notApplied(weight, scale));
          }
        });
    if (!folded.isEmpty()) {
      notes.add(
          new SourceNote(
              Severity.INFO,
              "WEIGHT_SCALED",
              null,
              (folded.size() == 1 ? "1 weight is" : folded.size() + " weights are")
                  + " multiplied by a tensor of one value, as "
                  + Quoted.quote(folded.stream().min(String::compareTo).orElseThrow())
                  + " says"));
    }
    return tensors.stream()
        .filter(tensor -> !folded.contains(tensor.name()))
        .map(tensor -> scaled(tensor, factors.getOrDefault(tensor.name(), 1f)))
        .toList();
  }

  /** The weight that a scale's name belongs to. */
  private static Optional<String> weightOf(String name) {
    if (!name.endsWith(SUFFIX)) {
      return Optional.empty();
    }
    String stem = name.substring(0, name.length() - SUFFIX.length());
    return Optional.of(stem.endsWith(WEIGHT) ? stem : stem + WEIGHT);
  }

  private static SourceNote notApplied(String weight, TensorInfo scale) {
    return new SourceNote(
        Severity.ERROR,
        ErrorCode.UNSUPPORTED_ELEMENT_TYPE.name(),
        weight,
        "tensor "
            + Quoted.quote(weight)
            + " is scaled by "
            + Quoted.quote(scale.name())
            + ", which is "
            + scale.type()
            + " "
            + scale.dims()
            + "; only one F32 value for the whole tensor can be applied");
  }

  private static TensorInfo scaled(TensorInfo tensor, float factor) {
    return factor == 1
        ? tensor
        : new TensorInfo(
            tensor.name(),
            tensor.type(),
            tensor.dims(),
            tensor.layout(),
            factor,
            tensor.file(),
            tensor.offset(),
            tensor.byteSize());
  }
}
