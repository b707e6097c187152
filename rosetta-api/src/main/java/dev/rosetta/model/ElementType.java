package dev.rosetta.model;

/**
 * How the elements of a tensor are encoded: a block of {@link #blockElements()} consecutive
 * elements takes {@link #blockBytes()} bytes.
 *
 * <p>Names and sizes of the ggml types follow {@code ggml_type} in ggml's {@code ggml.h}; those of
 * the scalar types follow the SafeTensors format description. {@code APR_Q4} and {@code APR_Q8} are
 * aprender's own. Equal sizes are common (Q4_0 and IQ4_NL, F16 and BF16): a size check never proves
 * a label.
 */
public enum ElementType {
  F32(Kind.FLOAT, 1, 4),
  F16(Kind.FLOAT, 1, 2),
  BF16(Kind.FLOAT, 1, 2),
  F64(Kind.FLOAT, 1, 8),
  F8_E4M3(Kind.FLOAT, 1, 1),
  F8_E5M2(Kind.FLOAT, 1, 1),
  F8_E8M0(Kind.FLOAT, 1, 1),
  F8_E4M3FNUZ(Kind.FLOAT, 1, 1),
  F8_E5M2FNUZ(Kind.FLOAT, 1, 1),
  C64(Kind.COMPLEX, 1, 8),
  BOOL(Kind.INTEGER, 1, 1),
  I8(Kind.INTEGER, 1, 1),
  U8(Kind.INTEGER, 1, 1),
  I16(Kind.INTEGER, 1, 2),
  U16(Kind.INTEGER, 1, 2),
  I32(Kind.INTEGER, 1, 4),
  U32(Kind.INTEGER, 1, 4),
  I64(Kind.INTEGER, 1, 8),
  U64(Kind.INTEGER, 1, 8),
  Q4_0(Kind.QUANTIZED, 32, 18),
  Q4_1(Kind.QUANTIZED, 32, 20),
  Q5_0(Kind.QUANTIZED, 32, 22),
  Q5_1(Kind.QUANTIZED, 32, 24),
  Q8_0(Kind.QUANTIZED, 32, 34),
  Q8_1(Kind.QUANTIZED, 32, 36),
  Q2_K(Kind.QUANTIZED, 256, 84),
  Q3_K(Kind.QUANTIZED, 256, 110),
  Q4_K(Kind.QUANTIZED, 256, 144),
  Q5_K(Kind.QUANTIZED, 256, 176),
  Q6_K(Kind.QUANTIZED, 256, 210),
  Q8_K(Kind.QUANTIZED, 256, 292),
  IQ2_XXS(Kind.QUANTIZED, 256, 66),
  IQ2_XS(Kind.QUANTIZED, 256, 74),
  IQ3_XXS(Kind.QUANTIZED, 256, 98),
  IQ1_S(Kind.QUANTIZED, 256, 50),
  IQ4_NL(Kind.QUANTIZED, 32, 18),
  IQ3_S(Kind.QUANTIZED, 256, 110),
  IQ2_S(Kind.QUANTIZED, 256, 82),
  IQ4_XS(Kind.QUANTIZED, 256, 136),
  IQ1_M(Kind.QUANTIZED, 256, 56),
  TQ1_0(Kind.QUANTIZED, 256, 54),
  TQ2_0(Kind.QUANTIZED, 256, 66),
  MXFP4(Kind.QUANTIZED, 32, 17),
  NVFP4(Kind.QUANTIZED, 64, 36),
  Q1_0(Kind.QUANTIZED, 128, 18),
  Q2_0(Kind.QUANTIZED, 64, 18),
  /**
   * aprender's 4-bit type: as Q4_0, but byte {@code i} holds elements {@code 2i} and {@code 2i+1}.
   */
  APR_Q4(Kind.QUANTIZED, 32, 18),
  /** aprender's 8-bit type: one signed byte an element, one float32 scale for the whole tensor. */
  APR_Q8(Kind.QUANTIZED, 1, 1),
  /** SafeTensors' 4-bit float, two elements in a byte. */
  F4(Kind.FLOAT, 2, 1),
  /** SafeTensors' 6-bit floats, packed: four elements in three bytes. */
  F6_E2M3(Kind.FLOAT, 4, 3),
  F6_E3M2(Kind.FLOAT, 4, 3);

  /** The family of an element type. */
  public enum Kind {
    FLOAT,
    INTEGER,
    COMPLEX,
    QUANTIZED
  }

  private final Kind kind;
  private final int blockElements;
  private final int blockBytes;

  ElementType(Kind kind, int blockElements, int blockBytes) {
    this.kind = kind;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  public Kind kind() {
    return kind;
  }

  /** Elements in one block; 1 for scalar types. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  public boolean isQuantized() {
    return kind == Kind.QUANTIZED;
  }

  /**
   * Bytes of {@code elements} consecutive elements, the last block padded to its full size.
   *
   * @throws ArithmeticException if the result does not fit a {@code long}
   * @throws IllegalArgumentException if {@code elements} is negative
   */
  public long byteSize(long elements) {
    if (elements < 0) {
      throw new IllegalArgumentException("negative element count " + elements);
    }
    return Math.multiplyExact(Math.ceilDiv(elements, blockElements), (long) blockBytes);
  }
}
