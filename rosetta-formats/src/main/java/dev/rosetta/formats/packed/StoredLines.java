package dev.rosetta.formats.packed;

import dev.rosetta.formats.quant.BF16Codec;
import dev.rosetta.formats.quant.F16Codec;
import dev.rosetta.formats.quant.F32Codec;
import dev.rosetta.formats.quant.F64Codec;
import dev.rosetta.formats.quant.F8Codecs;
import dev.rosetta.formats.quant.IntegerCodecs;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.spi.ElementCodec;

/**
 * A tensor of plain numbers, row by row.
 *
 * @param codec decodes its elements
 * @param lineLength elements of a line
 */
record StoredLines(Part part, ElementCodec codec, long lineLength) implements Lines {

  /** The tensor's own numbers. */
  static StoredLines of(Part part, long lineLength) {
    return as(part, part.tensor().type(), lineLength);
  }

  /**
   * The tensor's bytes as numbers of {@code type}: formats keep eight-bit floats in tensors of
   * bytes.
   *
   * @throws dev.rosetta.model.ModelException if they can be no scales
   */
  static StoredLines as(Part part, ElementType type, long lineLength) {
    ElementCodec codec =
        switch (type) {
          case F64 -> new F64Codec();
          case F32 -> new F32Codec();
          case F16 -> new F16Codec();
          case BF16 -> new BF16Codec();
          case F8_E4M3 -> new F8Codecs.E4M3();
          case F8_E5M2 -> new F8Codecs.E5M2();
          case F8_E8M0 -> new F8Codecs.E8M0();
          case I8 -> new IntegerCodecs.OfI8();
          case U8 -> new IntegerCodecs.OfU8();
          case I32 -> new IntegerCodecs.OfI32();
          case I64 -> new IntegerCodecs.OfI64();
          default ->
              throw part.error(
                  ErrorCode.UNSUPPORTED_QUANTIZATION,
                  "belongs to a packed weight; scales of this type are not decoded");
        };
    return new StoredLines(part, codec, lineLength);
  }

  @Override
  public void read(long line, long from, int count, float[] target) {
    int size = codec.type().blockBytes();
    byte[] bytes = new byte[count * size];
    part.read((line * lineLength + from) * size, bytes, 0, bytes.length);
    codec.decode(bytes, 0, target, 0, count);
  }

  /** How far the number that was rounded to {@code value} may have been from it. */
  float rounding(float value) {
    float size = Math.abs(value);
    return switch (codec.type()) {
      case F32 -> Math.ulp(size) / 2;
      case F16 -> Math.max(size * 0x1p-11f, 0x1p-25f);
      case BF16 -> Math.max(size * 0x1p-8f, Float.MIN_VALUE);
      case F8_E4M3 -> Math.max(size * 0x1p-4f, 0x1p-10f);
      case F8_E5M2 -> Math.max(size * 0x1p-3f, 0x1p-17f);
      // Quantisers divide by the power of two itself.
      default -> 0;
    };
  }
}
