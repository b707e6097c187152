package dev.rosetta.model;

/**
 * Why an input cannot be read or an output cannot be written. The names are part of the JSON error
 * object.
 */
public enum ErrorCode {
  NOT_FOUND,
  NOT_A_FILE,
  UNREADABLE,
  /** A file was replaced or written to while it was being read. */
  FILE_CHANGED,
  NOT_WRITABLE,
  UNKNOWN_FORMAT,
  /** Weights that only change those of a model, which is needed as well. */
  ADAPTER_NOT_MODEL,
  /** An adapter that does more than add low-rank products, or to other modules than the model's. */
  UNSUPPORTED_ADAPTER,
  UNSUPPORTED_VERSION,
  UNSUPPORTED_ELEMENT_TYPE,
  /** Weights are packed by a method, or in a variant of it, that is not decoded. */
  UNSUPPORTED_QUANTIZATION,
  UNSUPPORTED_ARCHITECTURE,
  UNSUPPORTED_TOKENIZER,
  MALFORMED,
  FILE_TRUNCATED,
  TENSOR_OUT_OF_BOUNDS,
  CHECKSUM_MISMATCH,
  TENSOR_MISSING,
  TENSOR_DUPLICATED,
  SHAPE_MISMATCH,
  CONFIG_SHAPE_CONFLICT,
  LIMIT_EXCEEDED
}
