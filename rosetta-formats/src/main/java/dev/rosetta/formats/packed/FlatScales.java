package dev.rosetta.formats.packed;

import org.jspecify.annotations.Nullable;

/**
 * bitsandbytes' largest magnitude of each block of the matrix read as one row; plain, or quantised
 * once more.
 *
 * @param absmax one value for each block, or its code
 * @param nested how the codes are read, or null
 */
record FlatScales(StoredLines absmax, int blockSize, long columns, @Nullable Nested nested)
    implements Scales {

  /**
   * Magnitudes that are codes themselves.
   *
   * @param levels what each code stands for
   * @param absmax the scale of each block of codes
   * @param offset what was subtracted from the magnitudes
   */
  record Nested(Levels levels, StoredLines absmax, int blockSize, float offset) {}

  @Override
  public void read(
      long row,
      int rows,
      int column,
      int count,
      float[] scale,
      float[] shift,
      float @Nullable [] error) {
    long first = row * columns + column;
    int elements = rows * count;
    float[] value = new float[1];
    float[] outer = new float[1];
    for (int at = 0; at < elements; ) {
      long block = (first + at) / blockSize;
      int end = (int) Math.min(elements, (block + 1) * blockSize - first);
      absmax.read(0, block, 1, value);
      float magnitude = value[0];
      float rounding = absmax.rounding(magnitude);
      if (nested != null) {
        nested.absmax().read(0, block / nested.blockSize(), 1, outer);
        int code = (int) value[0];
        magnitude = nested.levels().values()[code] * outer[0] + nested.offset();
        rounding = nested.levels().reaches()[code] * Math.abs(outer[0]);
      }
      for (; at < end; at++) {
        scale[at] = magnitude;
        if (error != null) {
          error[at] = rounding;
        }
      }
    }
  }
}
