package dev.rosetta.formats.packed;

import dev.rosetta.model.ErrorCode;
import org.jspecify.annotations.Nullable;

/**
 * Which group of inputs, and so which scale, each column belongs to.
 *
 * @param size columns of a group where they follow one another
 * @param of the group of each column where they do not, else null
 */
record Groups(long size, char @Nullable [] of) {
  private static final int PIECE = 1 << 14;

  /** Consecutive groups of {@code size} columns. */
  static Groups consecutive(long size) {
    return new Groups(size, null);
  }

  /**
   * Groups by an index, one I32 a column.
   *
   * @throws dev.rosetta.model.ModelException if it names a group that is not there, or leaves one
   *     out
   */
  static Groups indexed(Part index, int columns, int groups, long size) {
    char[] of = new char[columns];
    boolean consecutive = true;
    boolean[] named = new boolean[groups];
    int count = 0;
    byte[] bytes = new byte[4 * Math.min(columns, PIECE)];
    for (int first = 0; first < columns; first += PIECE) {
      int length = Math.min(PIECE, columns - first);
      index.read(4L * first, bytes, 0, 4 * length);
      for (int i = 0; i < length; i++) {
        int group = LittleEndian.i32(bytes, 4 * i);
        if (group < 0 || group >= groups) {
          throw index.error(
              ErrorCode.MALFORMED,
              "puts input "
                  + (first + i)
                  + " into group "
                  + group
                  + ", but there are scales of "
                  + groups
                  + " groups; write the folder again with the tool that packed it");
        }
        of[first + i] = (char) group;
        consecutive &= group == (first + i) / size;
        count += named[group] ? 0 : 1;
        named[group] = true;
      }
    }
    if (count < groups) {
      throw index.error(
          ErrorCode.MALFORMED,
          "names "
              + count
              + " of the "
              + groups
              + " groups that have scales; write the folder again with the tool that packed it");
    }
    return new Groups(size, consecutive ? null : of);
  }

  /** The first of the groups that columns from {@code column} on belong to. */
  int first(int column) {
    return of == null ? (int) (column / size) : 0;
  }

  /** How many groups, from the first one, {@code count} columns belong to. */
  int span(int column, int count, int groups) {
    return of == null ? (int) ((column + count - 1L) / size - column / size) + 1 : groups;
  }

  int group(int column) {
    return of == null ? (int) (column / size) : of[column];
  }

  /**
   * Where, counted from {@code column}, columns of one group end that begin with {@code column +
   * at}.
   */
  int end(int column, int at, int count) {
    if (of != null) {
      return at + 1;
    }
    long next = ((column + (long) at) / size + 1) * size - column;
    return (int) Math.min(count, next);
  }
}
