package dev.rosetta.formats.packed;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A tensor directory in which each packed weight is one tensor under its usual name.
 *
 * @param tensors the directory, without the parts of packed weights
 * @param weights the packed weights by name
 */
public record PackedTensors(List<TensorInfo> tensors, Map<String, PackedWeight> weights) {

  public PackedTensors {
    tensors = List.copyOf(tensors);
    weights = Map.copyOf(weights);
  }

  /**
   * Finds the packed weights of a folder. One that cannot be decoded gets an ERROR note; what is
   * packed in an unknown way gets one for the whole folder, {@link
   * ErrorCode#UNSUPPORTED_QUANTIZATION}.
   *
   * @param files as {@link TensorInfo#file()} counts them
   * @param stored every tensor that the files hold
   * @param config what {@code config.json} says
   * @param notes what is known about the tensors, and is added to
   * @throws ModelException if a weight is there both packed and plain
   */
  public static PackedTensors of(
      List<MappedFile> files, List<TensorInfo> stored, Metadata config, List<SourceNote> notes) {
    return new Search(files, stored, Quantization.of(config), notes).find();
  }

  /** One run through a directory. */
  private static final class Search {
    private final List<TensorInfo> stored;
    private final Quantization quantization;
    private final List<SourceNote> notes;
    private final Parts parts;
    private final Map<String, PackedWeight> weights = new HashMap<>();

    /** What stands in the place of a stored tensor, by its name. */
    private final Map<String, TensorInfo> replaced = new HashMap<>();

    /** Weights of GPTQ or AWQ, and those among them whose scales are zero throughout. */
    private int grouped;

    private final List<String> zeroScales = new ArrayList<>();

    Search(
        List<MappedFile> files,
        List<TensorInfo> stored,
        Quantization quantization,
        List<SourceNote> notes) {
      this.stored = stored;
      this.quantization = quantization;
      this.notes = notes;
      this.parts = new Parts(files, stored, quantization, notes);
    }

    PackedTensors find() {
      for (TensorInfo tensor : stored) {
        if (parts.isMain(tensor)) {
          find(tensor);
        }
      }
      List<TensorInfo> visible = visible();
      if (grouped > 0 && zeroScales.size() == grouped) {
        refuse(
            "the scales of every packed weight are zero (of "
                + Quoted.quote(zeroScales.getFirst())
                + " first), so that nothing can be decoded");
      } else {
        unknown(visible);
      }
      describe();
      return new PackedTensors(visible, weights);
    }

    private void find(TensorInfo tensor) {
      String name = weightName(tensor.name());
      if (name.equals(tensor.name()) && parts.isDamaged(name)) {
        // It has its note, and what goes with it is of no use.
        parts.hide(name, name);
        replaced.put(name, tensor);
        return;
      }
      try {
        PackedWeight weight = read(name, parts.open(tensor.name()));
        if (weight == null) {
          return;
        }
        weights.put(name, weight);
        replaced.put(tensor.name(), weight.tensor());
      } catch (ModelException e) {
        failed(name, tensor, e);
      } catch (ArithmeticException e) {
        failed(
            name,
            tensor,
            parts
                .open(tensor.name())
                .error(ErrorCode.LIMIT_EXCEEDED, "has a size that overflows 64 bits"));
      }
      parts.hide(tensor.name(), name);
      if (!name.equals(tensor.name()) && parts.has(name)) {
        throw parts
            .open(name)
            .error(
                ErrorCode.TENSOR_DUPLICATED,
                "is there plain, and packed as " + Quoted.quote(tensor.name()) + "; keep one");
      }
    }

    private void failed(String name, TensorInfo tensor, ModelException e) {
      if (e.code() == ErrorCode.UNSUPPORTED_QUANTIZATION) {
        refuse(String.valueOf(e.getMessage()));
      } else if (!parts.isDamaged(name)) {
        notes.add(
            new SourceNote(Severity.ERROR, e.code().name(), name, String.valueOf(e.getMessage())));
      }
      replaced.put(tensor.name(), renamed(tensor, name));
    }

    /** The name that the weight has without packing. */
    private static String weightName(String name) {
      for (String suffix : List.of("_packed", "_blocks")) {
        if (name.endsWith(suffix)) {
          return name.substring(0, name.length() - suffix.length());
        }
      }
      return name.endsWith(".qweight")
          ? name.substring(0, name.length() - ".qweight".length()) + ".weight"
          : name;
    }

    /** Null if {@code main} holds no packed weight. */
    private @Nullable PackedWeight read(String name, Part main) {
      String stored = main.name();
      ElementType type = main.tensor().type();
      if (stored.endsWith(".qweight") && type == ElementType.I32 && main.dims().size() == 2) {
        return grouped(stored.substring(0, stored.length() - ".qweight".length()), main);
      }
      if (stored.endsWith("_packed")) {
        return type == ElementType.I32
            ? PackedIntegers.read(name, main, parts)
            : FourBitFloats.read(name, main, parts);
      }
      if (stored.endsWith("_blocks")) {
        Part scales = type == ElementType.U8 ? parts.take(name + "_scales") : null;
        return scales == null ? null : ExpertBlocks.read(name, main, scales);
      }
      for (String suffix : BitsAndBytes.STATES) {
        Part state = parts.take(name + suffix);
        if (state != null) {
          return BitsAndBytes.read(main, state, parts);
        }
      }
      if (type == ElementType.U32 && name.endsWith(".weight")) {
        String stem = name.substring(0, name.length() - ".weight".length());
        Part scales = parts.take(stem + ".scales");
        return scales == null ? null : MlxWeights.read(stem, main, scales, parts);
      }
      return type == ElementType.U8
          ? FourBitFloats.read(name, main, parts)
          : ScaledWeights.read(main, parts);
    }

    /**
     * GPTQ packs inputs and AWQ packs outputs, so that the outputs of the scales tell them apart.
     */
    private PackedWeight grouped(String stem, Part codes) {
      grouped++;
      Part scales = parts.take(stem + ".scales");
      if (scales != null && scales.isZero()) {
        zeroScales.add(scales.name());
      }
      boolean awq =
          scales == null || scales.dims().isEmpty()
              ? quantization.method().equals("awq")
              : scales.dims().getLast() / 8 == codes.dims().getLast();
      return awq ? AwqWeights.read(stem, codes, parts) : GptqWeights.read(stem, codes, parts);
    }

    private List<TensorInfo> visible() {
      boolean packed = !replaced.isEmpty() || !quantization.method().isEmpty();
      List<TensorInfo> visible = new ArrayList<>();
      List<String> unused = new ArrayList<>();
      for (TensorInfo tensor : stored) {
        TensorInfo weight = replaced.get(tensor.name());
        if (weight != null) {
          visible.add(weight);
        } else if (packed && Leftovers.isOfActivations(tensor.name())) {
          unused.add(tensor.name());
        } else if (!parts.isTaken(tensor.name())) {
          visible.add(tensor);
        }
      }
      if (!unused.isEmpty()) {
        notes.add(
            new SourceNote(
                Severity.INFO,
                "ACTIVATION_SCALES_UNUSED",
                null,
                (unused.size() == 1 ? "1 tensor is" : unused.size() + " tensors are")
                    + " for the rounding of activations and caches, which an exact forward pass"
                    + " does not do: "
                    + Quoted.quote(unused.getFirst())
                    + (unused.size() == 1 ? "" : " and others")));
      }
      return visible;
    }

    /** Refuses a folder with codes that nothing here decodes. */
    private void unknown(List<TensorInfo> visible) {
      Set<String> decoded = new HashSet<>(weights.keySet());
      replaced.values().forEach(tensor -> decoded.add(tensor.name()));
      List<TensorInfo> left =
          visible.stream()
              .filter(tensor -> !decoded.contains(tensor.name()))
              .filter(tensor -> Leftovers.isCodes(tensor, !quantization.method().isEmpty()))
              .toList();
      if (!left.isEmpty()) {
        TensorInfo first = left.getFirst();
        refuse(
            (left.size() == 1 ? "1 tensor holds" : left.size() + " tensors hold")
                + " packed weights that are not decoded, "
                + Quoted.quote(first.name())
                + " "
                + first.type()
                + first.dims()
                + (left.size() == 1 ? "" : " first"));
      }
    }

    private void refuse(String reason) {
      if (notes.stream().anyMatch(Leftovers::isRefusal)) {
        return;
      }
      // In front: it explains what the others say.
      notes.addFirst(Leftovers.refusal(quantization.method(), reason));
    }

    private void describe() {
      Map<String, Integer> counts = new TreeMap<>();
      weights.values().forEach(w -> counts.merge(w.packing(), 1, Integer::sum));
      counts.forEach(
          (packing, count) ->
              notes.add(
                  new SourceNote(
                      Severity.INFO,
                      "WEIGHTS_UNPACKED",
                      null,
                      (count == 1 ? "1 weight is" : count + " weights are")
                          + " decoded from "
                          + packing)));
    }

    private static TensorInfo renamed(TensorInfo tensor, String name) {
      return new TensorInfo(
          name,
          tensor.type(),
          tensor.dims(),
          tensor.layout(),
          tensor.scale(),
          tensor.file(),
          tensor.offset(),
          tensor.byteSize());
    }
  }
}
