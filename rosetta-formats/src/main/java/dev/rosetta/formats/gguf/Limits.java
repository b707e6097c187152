package dev.rosetta.formats.gguf;

/** Sizes beyond which a header is refused, far above those of any model known. */
final class Limits {
  /** As the format description has it. */
  static final int KEY_BYTES = 65_535;

  static final int TENSOR_NAME_BYTES = 1024;

  /** llama.cpp refuses longer names. */
  static final int GGML_NAME_BYTES = 63;

  /** One string or one array. */
  static final int VALUE_BYTES = 64 << 20;

  /** Everything in front of the tensor data. */
  static final int HEADER_BYTES = 256 << 20;

  static final int KEYS = 1 << 16;
  static final int TENSORS = 1 << 20;
  static final int DIMS = 4;
  static final int ARRAY_DEPTH = 4;
  static final int DEFAULT_ALIGNMENT = 32;

  private Limits() {}

  /** Whether {@code value} is a power of two from 8 to 2^20. */
  static boolean isAlignment(long value) {
    return value >= 8 && value <= 1 << 20 && Long.bitCount(value) == 1;
  }
}
