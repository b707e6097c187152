package dev.rosetta.model;

/** The order in which a format lists the dimensions of a tensor. */
public enum DimensionOrder {
  /** Slowest-varying first, as in NumPy and PyTorch: a linear weight is {@code [out, in]}. */
  ROW_MAJOR,
  /**
   * Fastest-varying first, as ggml's {@code ne}: the same weight is listed as {@code [in, out]}.
   */
  FASTEST_FIRST
}
