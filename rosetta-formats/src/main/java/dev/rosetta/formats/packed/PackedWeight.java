package dev.rosetta.formats.packed;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A weight that several stored tensors make up, decoded to float32 where it is read. Immutable and
 * thread-safe; a read takes memory for one tile, whatever the size of the weight.
 */
public final class PackedWeight {
  private static final int TILE = 32 << 10;
  private static final float ONE_127TH = (float) (1 / 127.0);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final TensorInfo tensor;
  private final String packing;
  private final long columns;
  private final Formula formula;
  private final Codes codes;
  private final Levels levels;
  private final Scales scales;

  /** How a value follows from its level. */
  enum Formula {
    /** {@code level * scale} */
    SCALED,
    /** {@code (level - zero) * scale} */
    ZERO_POINT,
    /** {@code level * scale + offset} */
    OFFSET,
    /** {@code level * scale / 127}, the division being a multiplication by the float nearest */
    OF_127
  }

  /**
   * @param name what the weight is called
   * @param dims row-major; their product fits a {@code long} four times
   * @param main the stored tensor with the codes
   * @param packing how it is stored, for people
   */
  PackedWeight(
      String name,
      List<Long> dims,
      Part main,
      String packing,
      Formula formula,
      Codes codes,
      Levels levels,
      Scales scales) {
    this.packing = packing;
    this.columns = dims.getLast();
    this.formula = formula;
    this.codes = codes;
    this.levels = levels;
    this.scales = scales;
    if (columns > Integer.MAX_VALUE) {
      throw main.error(ErrorCode.LIMIT_EXCEEDED, "has rows of " + columns + " values");
    }
    long elements = 1;
    for (long dim : dims) {
      elements = Math.multiplyExact(elements, dim);
    }
    this.tensor =
        new TensorInfo(
            name,
            ElementType.F32,
            dims,
            BlockLayout.ROW_ALIGNED,
            1f,
            main.tensor().file(),
            main.tensor().offset(),
            Math.multiplyExact(elements, (long) Float.BYTES),
            packing);
  }

  /** How it is stored, for people. */
  String packing() {
    return packing;
  }

  /** Its entry in the directory. */
  public TensorInfo tensor() {
    return tensor;
  }

  /**
   * Copies bytes of the decoded values, as {@link dev.rosetta.model.ModelSource#read} does.
   *
   * @throws IndexOutOfBoundsException if the range is not inside the weight or {@code target}
   */
  public void read(long from, MemorySegment target, long length) {
    Objects.checkFromIndexSize(from, length, tensor.byteSize());
    Objects.checkFromIndexSize(0, length, target.byteSize());
    if (length == 0) {
      return;
    }
    long first = from / Float.BYTES;
    long end = Math.ceilDiv(from + length, Float.BYTES);
    Tile tile = new Tile((int) Math.min(TILE, end - first), false);
    MemorySegment bytes = MemorySegment.ofArray(new byte[tile.size * Float.BYTES]);
    for (long element = first; element < end; ) {
      int count = fill(tile, element, end - element);
      decode(tile, count);
      MemorySegment.copy(tile.scale, 0, bytes, FLOAT, 0, count);
      long skipped = Math.max(0, from - element * Float.BYTES);
      long to = element * Float.BYTES + skipped - from;
      long copied = Math.min((long) count * Float.BYTES - skipped, length - to);
      MemorySegment.copy(bytes, skipped, target, to, copied);
      element += count;
    }
  }

  /** As {@link dev.rosetta.model.ModelSource#rounding}. */
  public void rounding(long from, float[] step, float[] reach, int count) {
    Objects.checkFromIndexSize(from, count, tensor.elements());
    Objects.checkFromIndexSize(0, count, Math.min(step.length, reach.length));
    Tile tile = new Tile(Math.min(TILE, count), true);
    float[] error = Objects.requireNonNull(tile.error);
    for (int done = 0; done < count; ) {
      int length = fill(tile, from + done, count - done);
      for (int i = 0; i < length; i++) {
        int code = tile.codes[i] & 0xff;
        float scale = Math.abs(tile.scale[i]);
        float level = levels.values()[code];
        float distance = formula == Formula.ZERO_POINT ? level - tile.shift[i] : level;
        float factor = formula == Formula.OF_127 ? ONE_127TH : 1;
        step[done + i] = levels.steps()[code] * scale * factor;
        reach[done + i] =
            Float.isFinite(level)
                ? (levels.reaches()[code] * scale + Math.abs(distance) * error[i]) * factor
                : 0;
      }
      done += length;
    }
  }

  /** Turns codes, scales and shifts of a tile into values, which take the place of the scales. */
  private void decode(Tile tile, int count) {
    float[] scale = tile.scale;
    float[] value = levels.values();
    switch (formula) {
      case SCALED -> {
        for (int i = 0; i < count; i++) {
          scale[i] = value[tile.codes[i] & 0xff] * scale[i];
        }
      }
      case ZERO_POINT -> {
        for (int i = 0; i < count; i++) {
          scale[i] = (value[tile.codes[i] & 0xff] - tile.shift[i]) * scale[i];
        }
      }
      case OFFSET -> {
        for (int i = 0; i < count; i++) {
          scale[i] = value[tile.codes[i] & 0xff] * scale[i] + tile.shift[i];
        }
      }
      case OF_127 -> {
        for (int i = 0; i < count; i++) {
          scale[i] = value[tile.codes[i] & 0xff] * scale[i] * ONE_127TH;
        }
      }
    }
  }

  /**
   * Reads codes and scales from element {@code first} on: part of a row or several whole ones.
   *
   * @return how many elements, at most {@code wanted}
   */
  private int fill(Tile tile, long first, long wanted) {
    long row = first / columns;
    int column = (int) (first % columns);
    int rows = 1;
    int count = (int) Math.min(Math.min(wanted, columns - column), tile.size);
    if (column == 0 && count == columns) {
      rows = (int) (Math.min(wanted, tile.size) / columns);
    }
    codes.read(row, rows, column, count, tile.codes);
    scales.read(row, rows, column, count, tile.scale, tile.shift, tile.error);
    return rows * count;
  }

  /** What a piece of the weight is decoded from. */
  private static final class Tile {
    final int size;
    final byte[] codes;
    final float[] scale;
    final float[] shift;
    final float @Nullable [] error;

    Tile(int size, boolean withErrors) {
      this.size = size;
      codes = new byte[size];
      scale = new float[size];
      shift = new float[size];
      error = withErrors ? new float[size] : null;
    }
  }
}
