package dev.rosetta.normalize;

/** In which order the rows of Q and K are stored within a head. */
enum RowConvention {
  /** Half-split order, as trained with Hugging Face code. */
  HALF_SPLIT,
  /** ggml's order for llama models: stored row 2i is canonical row i, 2i+1 is i + head_dim/2. */
  GGUF_INTERLEAVED;

  /**
   * Canonical row to stored row for {@code rows} rows in heads of {@code headDim}.
   *
   * @param headDim even and positive, a divisor of {@code rows}
   */
  static int[] interleaved(int rows, int headDim) {
    int[] stored = new int[rows];
    int half = headDim / 2;
    for (int row = 0; row < rows; row++) {
      int inHead = row % headDim;
      int first = row - inHead;
      stored[row] = first + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
    }
    return stored;
  }
}
