package dev.rosetta.formats.packed;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Scales of groups of inputs as GPTQ and AWQ keep them, {@code [groups, out]}.
 *
 * @param scales one line for each group
 * @param zeros zero points of the same shape
 */
record ColumnScales(StoredLines scales, Lines zeros, Groups groups, int groupCount)
    implements Scales {

  @Override
  public void read(
      long row,
      int rows,
      int column,
      int count,
      float[] scale,
      float[] shift,
      float @Nullable [] error) {
    int first = groups.first(column);
    int span = groups.span(column, count, groupCount);
    float[][] scaleLines = new float[span][rows];
    float[][] zeroLines = new float[span][rows];
    for (int g = 0; g < span; g++) {
      scales.read(first + g, row, rows, scaleLines[g]);
      zeros.read(first + g, row, rows, zeroLines[g]);
    }
    for (int r = 0; r < rows; r++) {
      for (int at = 0; at < count; ) {
        int group = groups.group(column + at) - first;
        int end = groups.end(column, at, count);
        Arrays.fill(scale, r * count + at, r * count + end, scaleLines[group][r]);
        Arrays.fill(shift, r * count + at, r * count + end, zeroLines[group][r]);
        if (error != null) {
          float rounding = scales.rounding(scaleLines[group][r]);
          Arrays.fill(error, r * count + at, r * count + end, rounding);
        }
        at = end;
      }
    }
  }
}
