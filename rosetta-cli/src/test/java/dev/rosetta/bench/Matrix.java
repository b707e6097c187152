package dev.rosetta.bench;

/**
 * Values of a weight or, with one row, of a norm or bias.
 *
 * @param values {@code rows * columns} values, row-major, {@code [out, in]}
 */
record Matrix(int rows, int columns, float[] values) {

  /** What becomes of one value. */
  @FunctionalInterface
  interface Change {
    double apply(int row, int column, float value);
  }

  Matrix map(Change change) {
    float[] changed = new float[values.length];
    for (int i = 0; i < changed.length; i++) {
      changed[i] = (float) change.apply(i / columns, i % columns, values[i]);
    }
    return new Matrix(rows, columns, changed);
  }

  /** The value at linear position {@code i} comes from {@code from[i]}. */
  Matrix gather(int[] from) {
    float[] moved = new float[values.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = values[from[i]];
    }
    return new Matrix(rows, columns, moved);
  }

  /** The values of the transpose, one after the other, under unchanged dims. */
  Matrix transposedData() {
    int[] from = new int[values.length];
    int at = 0;
    for (int column = 0; column < columns; column++) {
      for (int row = 0; row < rows; row++) {
        from[at++] = row * columns + column;
      }
    }
    return gather(from);
  }

  /** Row r of the result is row {@code from[r]}; the elements of a vector are its rows. */
  Matrix takeRows(int[] from) {
    int width = rows == 1 ? 1 : columns;
    float[] moved = new float[values.length];
    for (int i = 0; i < from.length; i++) {
      System.arraycopy(values, from[i] * width, moved, i * width, width);
    }
    return new Matrix(rows, columns, moved);
  }

  /** Rows, or for a vector elements. */
  int outputs() {
    return rows == 1 ? columns : rows;
  }

  /** The rows of one below those of the other; elements for vectors. */
  Matrix above(Matrix below) {
    float[] both = new float[values.length + below.values.length];
    System.arraycopy(values, 0, both, 0, values.length);
    System.arraycopy(below.values, 0, both, values.length, below.values.length);
    return rows == 1
        ? new Matrix(1, both.length, both)
        : new Matrix(rows + below.rows, columns, both);
  }

  double rms() {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum / values.length);
  }
}
