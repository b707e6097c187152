package dev.rosetta.formats.convert;

/**
 * The two orders of a head's rows. Stored row 2i of ggml's llama models is row i of the half-split
 * order that Hugging Face models are trained in, and 2i + 1 is row i + head_dim / 2.
 */
final class HeadRows {
  private HeadRows() {}

  /** Interleaved row to half-split row. */
  static int halfSplit(int row, int headDim) {
    int inHead = row % headDim;
    return row - inHead + inHead / 2 + (inHead & 1) * (headDim / 2);
  }

  /** Half-split row to interleaved row. */
  static int interleaved(int row, int headDim) {
    int half = headDim / 2;
    int inHead = row % headDim;
    return row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
  }

  /** For each interleaved row its half-split row. */
  static int[] halfSplitOrder(int rows, int headDim) {
    int[] order = new int[rows];
    for (int row = 0; row < order.length; row++) {
      order[row] = halfSplit(row, headDim);
    }
    return order;
  }
}
