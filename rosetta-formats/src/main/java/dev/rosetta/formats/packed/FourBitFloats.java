package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.formats.quant.F32Codec;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Four-bit floats, two a byte, the first in the low half: compressed-tensors' {@code weight_packed}
 * and ModelOpt's {@code weight}, {@code [out, in / 2]} U8. Groups of 32 share a power of two
 * (MXFP4); groups of 16 share an eight-bit float (NVFP4), and the whole has one more scale, by
 * which compressed-tensors divides ({@code weight_global_scale}) and ModelOpt multiplies ({@code
 * weight_scale_2}).
 */
final class FourBitFloats {
  private FourBitFloats() {}

  /**
   * Null if {@code packed} holds no such codes.
   *
   * @param name what the weight is called
   */
  static @Nullable PackedWeight read(String name, Part packed, Parts parts) {
    if (packed.tensor().type() != ElementType.U8 || packed.dims().size() != 2) {
      return null;
    }
    Part scale = parts.take(name + "_scale");
    if (scale == null) {
      return null;
    }
    long rows = packed.dims().getFirst();
    long columns = Math.multiplyExact(packed.dims().getLast(), 2L);
    Part divisor = parts.take(name + "_global_scale");
    Part factor = parts.take(name + "_scale_2");
    boolean shared = divisor != null || factor != null;
    int size = shared ? 16 : 32;
    ElementType type = scale.tensor().type();
    boolean fits =
        shared
            ? type == ElementType.F8_E4M3
            : type == ElementType.U8 || type == ElementType.F8_E8M0;
    if (!fits) {
      throw scale.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "scales four-bit floats; only NVFP4 (F8_E4M3 scales and one for the whole) and MXFP4"
              + " (U8 scales) are decoded");
    }
    scale.requireDims(
        List.of(rows, Math.ceilDiv(columns, size)),
        "groups of " + size + " of " + packed.described() + " share a scale");
    StoredLines scales = StoredLines.as(scale, ScaleGrid.scaleType(scale), scale.dims().getLast());
    return new PackedWeight(
        name,
        List.of(rows, columns),
        packed,
        shared ? "NVFP4 with groups of 16" : "MXFP4 with groups of 32",
        Formula.SCALED,
        new RowCodes(packed, packed.dims().getLast(), 4),
        Levels.e2m1(),
        new RowScales(
            scales,
            null,
            factor == null ? 1 : single(factor),
            divisor == null ? 1 : single(divisor),
            Groups.consecutive(size),
            Math.toIntExact(scale.dims().getLast()),
            1,
            Math.max(1, rows),
            rows));
  }

  /** The value of a tensor of one F32. */
  private static float single(Part part) {
    if (part.tensor().elements() != 1 || part.tensor().type() != ElementType.F32) {
      throw part.error(ErrorCode.SHAPE_MISMATCH, "should be one F32 for the whole weight");
    }
    float[] value = new float[1];
    new F32Codec().decode(part.readAll(), 0, value, 0, 1);
    return value[0];
  }
}
