package dev.rosetta.formats.packed;

import dev.rosetta.formats.packed.PackedWeight.Formula;
import dev.rosetta.model.ErrorCode;
import java.util.List;

/**
 * AWQ of the version "gemm": {@code qweight} holds four-bit codes of eight outputs in a word,
 * {@code [in, out / 8]}; {@code scales} and packed {@code qzeros} are {@code [groups, out]}.
 */
final class AwqWeights {
  private AwqWeights() {}

  /** {@code codes} is {@code stem.qweight}. */
  static PackedWeight read(String stem, Part codes, Parts parts) {
    String version = parts.quantization().string("version");
    if (!List.of("", "gemm").contains(version)) {
      throw codes.error(
          ErrorCode.UNSUPPORTED_QUANTIZATION,
          "is of AWQ's version '" + version + "'; only gemm is decoded");
    }
    if (parts.quantization().integer("bits").orElse(4L) != 4) {
      throw codes.error(ErrorCode.UNSUPPORTED_QUANTIZATION, "is of AWQ; only 4 bits are decoded");
    }
    Part scales = parts.require(stem + ".scales", codes);
    long inputs = codes.dims().getFirst();
    long outputs = Math.multiplyExact(codes.dims().getLast(), 8L);
    InputGroups shape = InputGroups.of(codes, inputs, outputs, scales, parts.quantization());
    Part zeros = parts.take(stem + ".qzeros");
    Lines zeroPoints = new PackedLines.Constant(8);
    if (zeros != null) {
      shape.requireZeros(zeros, 4);
      zeroPoints = new PackedLines.Awq(new AwqCodes(zeros, outputs));
    } else if (!Boolean.FALSE.equals(parts.quantization().values().get("zero_point"))) {
      parts.require(stem + ".qzeros", codes);
    }
    return new PackedWeight(
        stem + ".weight",
        List.of(outputs, inputs),
        codes,
        "AWQ 4-bit integers with " + shape.words(),
        Formula.ZERO_POINT,
        new AwqCodes(codes, outputs),
        Levels.integers(4, 0),
        new ColumnScales(
            StoredLines.of(scales, outputs),
            zeroPoints,
            Groups.consecutive(shape.size()),
            shape.count()));
  }
}
