package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.List;

/**
 * GPTQ: {@code qweight} holds codes of consecutive inputs, {@code [in * bits / 32, out]}; {@code
 * scales} and packed {@code qzeros} are {@code [groups, out]}; {@code g_idx} tells the group of
 * each input. The first version of the format keeps zero points less one, {@code gptq_v2} as they
 * are.
 */
final class GptqWeights {
  private GptqWeights() {}

  /** {@code codes} is {@code stem.qweight}. */
  static PackedWeight read(String stem, Part codes, Parts parts) {
    Quantization quantization = parts.quantization();
    String format = quantization.string("checkpoint_format");
    if (!List.of("", "gptq", "gptq_v2").contains(format)) {
      throw codes.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "is of the checkpoint format '" + format + "'; only gptq and gptq_v2 are decoded");
    }
    Part scales = parts.require(stem + ".scales", codes);
    Part zeros = parts.require(stem + ".qzeros", codes);
    Part index = parts.take(stem + ".g_idx");
    long outputs = codes.dims().getLast();
    int bits = bits(codes, outputs, zeros, quantization);
    long inputs = Math.multiplyExact(codes.dims().getFirst(), 32L / bits);
    InputGroups shape = InputGroups.of(codes, inputs, outputs, scales, quantization);
    shape.requireZeros(zeros, bits);
    Groups groups = Groups.consecutive(shape.size());
    if (index != null) {
      PackedIntegers.requireType(index, ElementType.I32);
      index.requireDims(List.of(inputs), "there is a group for each input");
      groups = Groups.indexed(index, shape.inputs(), shape.count(), shape.size());
    }
    // One in the lowest bit of every zero point of a word.
    int ones = (int) (0xffff_ffffL / ((1 << bits) - 1));
    return new PackedWeight(
        stem + ".weight",
        List.of(outputs, inputs),
        codes,
        "GPTQ "
            + bits
            + "-bit integers with "
            + shape.words()
            + (groups.of() == null ? "" : ", in activation order"),
        Formula.ZERO_POINT,
        new ColumnCodes(codes, outputs, bits),
        Levels.integers(bits, 0),
        new ColumnScales(
            StoredLines.of(scales, outputs),
            new PackedLines.AlongWords(
                zeros, zeros.dims().getLast(), bits, format.equals("gptq_v2") ? 0 : ones),
            groups,
            shape.count()));
  }

  /** What the shape of the zero points says; the config may not contradict it. */
  private static int bits(Part codes, long outputs, Part zeros, Quantization quantization) {
    long words = zeros.dims().size() == 2 ? zeros.dims().getLast() : 0;
    for (int bits : new int[] {2, 4, 8}) {
      if (outputs > 0 && words == Math.ceilDiv(Math.multiplyExact(outputs, bits), 32L)) {
        long stated = quantization.integer("bits").orElse((long) bits);
        if (stated == bits || quantization.values().containsKey("dynamic")) {
          return bits;
        }
      }
    }
    long stated = quantization.integer("bits").orElse(0L);
    if (stated == 3 && words == Math.ceilDiv(Math.multiplyExact(outputs, 3), 32L)) {
      throw codes.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "is of three bits, which tools pack in different ways; only 2, 4 and 8 are decoded");
    }
    throw zeros.error(
        ErrorCode.SHAPE_MISMATCH,
        "does not fit "
            + codes.described()
            + (stated > 0 ? " and the " + stated + " bits that the config states" : ""));
  }
}
