package dev.rosetta.normalize;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.lang.ref.SoftReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A weight in canonical form: {@code [rows, columns]}, row-major, canonical row order; vectors have
 * one row. Backed either by rows of a stored tensor or, for a repaired view, by values in memory.
 * Immutable and thread-safe.
 */
public final class Weight {
  /** Encoded bytes that are decoded at a time, if a block is not longer. */
  private static final int PIECE_BYTES = 64 << 10;

  private final TensorRole role;
  private final ModelSource source;
  private final TensorInfo tensor;
  private final @Nullable ElementCodec codec;
  private final int firstRow;
  private final int rows;
  private final int columns;
  private final int @Nullable [] storedRows;
  private final @Nullable Values values;

  private Weight(
      TensorRole role,
      ModelSource source,
      TensorInfo tensor,
      @Nullable ElementCodec codec,
      int firstRow,
      int rows,
      int columns,
      int @Nullable [] storedRows,
      @Nullable Values values) {
    this.role = role;
    this.source = source;
    this.tensor = tensor;
    this.codec = codec;
    this.firstRow = firstRow;
    this.rows = rows;
    this.columns = columns;
    this.storedRows = storedRows;
    this.values = values;
  }

  /**
   * Rows {@code [firstRow, firstRow + rows)} of a stored tensor, read as rows of {@code columns}.
   *
   * @param codec decodes the tensor's type; null makes the weight unreadable
   * @param storedRows canonical row to row of this range, or null where they are the same
   */
  public static Weight stored(
      TensorRole role,
      ModelSource source,
      TensorInfo tensor,
      @Nullable ElementCodec codec,
      int firstRow,
      int rows,
      int columns,
      int @Nullable [] storedRows) {
    return new Weight(role, source, tensor, codec, firstRow, rows, columns, storedRows, null);
  }

  /**
   * This weight with other values: a repair, or the other side's data.
   *
   * @param newValues {@code rows * columns} float32 in canonical order, not to be modified
   *     afterwards
   */
  public Weight withValues(int newRows, int newColumns, float[] newValues) {
    if (newValues.length != Math.multiplyExact(newRows, newColumns)) {
      throw new IllegalArgumentException(
          newValues.length + " values for [" + newRows + ", " + newColumns + "]");
    }
    return withValues(newRows, newColumns, () -> newValues);
  }

  /**
   * This weight with values that are worked out when they are needed, and again if memory ran short
   * meanwhile: the repair of a whole file need not fit into memory.
   *
   * @param newValues gives {@code rows * columns} float32 in canonical order, the same every time
   */
  public Weight withValues(int newRows, int newColumns, Supplier<float[]> newValues) {
    return new Weight(
        role, source, tensor, codec, 0, newRows, newColumns, null, new Values(newValues));
  }

  /** Values in memory, held as long as there is room. */
  private static final class Values {
    private final Supplier<float[]> origin;
    private SoftReference<float[]> held = new SoftReference<>(null);

    Values(Supplier<float[]> origin) {
      this.origin = origin;
    }

    synchronized float[] get() {
      float[] values = held.get();
      if (values == null) {
        values = origin.get();
        held = new SoftReference<>(values);
      }
      return values;
    }
  }

  /**
   * This weight with its rows taken in another order, as canonical row to row of the stored range.
   */
  public Weight withStoredRows(int @Nullable [] order) {
    return new Weight(role, source, tensor, codec, firstRow, rows, columns, order, values);
  }

  /** This weight in the place of another role. */
  public Weight as(TensorRole other) {
    return new Weight(other, source, tensor, codec, firstRow, rows, columns, storedRows, values);
  }

  /** This weight with its rows taken in the order in which {@code other} takes its own. */
  public Weight inOrderOf(Weight other) {
    return withStoredRows(other.storedRows);
  }

  /** Any rows of the stored tensor, as canonical row to row of the stored tensor. */
  public Weight withTensorRows(int[] tensorRows) {
    return new Weight(
        role, source, tensor, codec, 0, tensorRows.length, columns, tensorRows.clone(), values);
  }

  /** Its first {@code count} rows, in their order. */
  public Weight firstRows(int count) {
    if (count < 0 || count > rows) {
      throw new IllegalArgumentException(count + " of " + rows + " rows");
    }
    return new Weight(role, source, tensor, codec, firstRow, count, columns, storedRows, values);
  }

  /** This weight read from other bytes or by another type: same rows, same order. */
  public Weight reread(ModelSource otherSource, TensorInfo otherTensor, ElementCodec otherCodec) {
    return new Weight(
        role, otherSource, otherTensor, otherCodec, firstRow, rows, columns, storedRows, null);
  }

  /**
   * The stored rows behind a repaired view, in stored order; null where they are not as many values
   * or cannot be decoded.
   */
  public @Nullable Weight asStored() {
    long elements = (long) rows * columns;
    if (codec == null || tensor.elements() < elements || columns == 0) {
      return null;
    }
    return new Weight(role, source, tensor, codec, 0, rows, columns, null, null);
  }

  /** What decodes its element type, or null if nothing does. */
  public @Nullable ElementCodec codec() {
    return codec;
  }

  public TensorRole role() {
    return role;
  }

  public ModelSource source() {
    return source;
  }

  /** The stored tensor behind it. */
  public TensorInfo tensor() {
    return tensor;
  }

  public int rows() {
    return rows;
  }

  public int columns() {
    return columns;
  }

  /**
   * First row of the stored tensor that belongs to this weight; not 0 for parts of fused tensors.
   */
  public int firstRow() {
    return firstRow;
  }

  /** Whether it is backed by values in memory. */
  public boolean isInMemory() {
    return values != null;
  }

  /** Whether its element type can be decoded. */
  public boolean isReadable() {
    return values != null || codec != null;
  }

  /** Row of the stored range that holds canonical row {@code row}. */
  public int storedRow(int row) {
    return storedRows == null ? row : storedRows[row];
  }

  /** Whether rows are stored in canonical order. */
  public boolean isInStoredOrder() {
    return storedRows == null;
  }

  /**
   * Whether every row is a whole number of bytes that a kernel can take as it is: stored, each row
   * beginning with a block, no tensor-wide scale.
   */
  public boolean hasKernelRows() {
    return values == null
        && (tensor.layout() == BlockLayout.ROW_ALIGNED
            || columns % tensor.type().blockElements() == 0)
        && tensor.scale() == 1f;
  }

  /** Bytes of one stored row; meaningful where {@link #hasKernelRows()}. */
  public long rowBytes() {
    return tensor.type().byteSize(columns);
  }

  /**
   * Copies the encoded bytes of consecutive stored rows (canonical order is the caller's business).
   *
   * @param row first row of the stored range
   */
  public void readRows(int row, int count, MemorySegment target) {
    long rowBytes = rowBytes();
    source.read(
        tensor,
        Math.multiplyExact(Math.addExact((long) firstRow, row), rowBytes),
        target,
        Math.multiplyExact(count, rowBytes));
  }

  /**
   * Decodes one canonical row to {@code target[offset…offset + columns)}.
   *
   * @throws ModelException if the element type cannot be decoded or the file cannot be read
   */
  public void decodeRow(int row, float[] target, int offset) {
    if (values != null) {
      System.arraycopy(values.get(), row * columns, target, offset, columns);
      return;
    }
    int stored = storedRow(row) + firstRow;
    if (tensor.layout() == BlockLayout.ROW_ALIGNED) {
      long rowBytes = rowBytes();
      decode(Math.multiplyExact(stored, rowBytes), 0, target, offset, columns);
    } else {
      decodeElements(Math.multiplyExact((long) stored, columns), target, offset, columns);
    }
  }

  /** Every value in canonical order. */
  public float[] decodeAll() {
    if (values != null) {
      return values.get();
    }
    float[] all = new float[Math.multiplyExact(rows, columns)];
    for (int row = 0; row < rows; row++) {
      decodeRow(row, all, row * columns);
    }
    return all;
  }

  /** Rows of the whole stored tensor when read as rows of {@link #columns()}. */
  public long storedTensorRows() {
    return values != null ? rows : tensor.elements() / Math.max(columns, 1);
  }

  /**
   * One value of the stored tensor, whatever this weight's rows and their order.
   *
   * @param row row of the stored tensor read as rows of {@link #columns()}
   * @throws ModelException if the element type cannot be decoded or the file cannot be read
   */
  public float storedValue(long row, int column) {
    if (values != null) {
      return values.get()[Math.toIntExact(row * columns + column)];
    }
    float[] value = new float[1];
    if (tensor.layout() == BlockLayout.ROW_ALIGNED) {
      int block = tensor.type().blockElements();
      long from = row * rowBytes() + (long) (column / block) * tensor.type().blockBytes();
      decode(from, column % block, value, 0, 1);
    } else {
      decodeElements(row * columns + column, value, 0, 1);
    }
    return value[0];
  }

  private void decodeElements(long first, float[] target, int offset, int count) {
    int block = tensor.type().blockElements();
    long firstBlock = first / block;
    decode(
        Math.multiplyExact(firstBlock, (long) tensor.type().blockBytes()),
        Math.toIntExact(first - firstBlock * block),
        target,
        offset,
        count);
  }

  /** Decodes {@code count} elements, {@code skip} elements after the block at byte {@code from}. */
  private void decode(long from, int skip, float[] target, int offset, int count) {
    if (codec == null) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE,
          source.path(),
          tensor.offset(),
          "tensor '" + tensor.name() + "' is " + tensor.type() + ", which cannot be decoded");
    }
    ElementType type = tensor.type();
    int block = type.blockElements();
    long end = (long) skip + count;
    long padded = Math.ceilDiv(end, block) * block;
    int blocks = Math.max(1, PIECE_BYTES / type.blockBytes());
    int piece = (int) Math.min(padded, (long) blocks * block);
    byte[] bytes = new byte[(int) type.byteSize(piece)];
    for (long first = 0; first < padded; first += piece) {
      int length = (int) Math.min(piece, padded - first);
      long byteLength = type.byteSize(length);
      source.read(tensor, from + type.byteSize(first), MemorySegment.ofArray(bytes), byteLength);
      if (first >= skip && first + length <= end) {
        codec.decode(bytes, 0, target, (int) (offset + first - skip), length);
      } else {
        float[] whole = new float[length];
        codec.decode(bytes, 0, whole, 0, length);
        long wanted = Math.max(first, skip);
        long last = Math.min(first + length, end);
        int to = (int) (offset + wanted - skip);
        System.arraycopy(whole, (int) (wanted - first), target, to, (int) (last - wanted));
      }
    }
    if (tensor.scale() != 1f) {
      for (int i = offset; i < offset + count; i++) {
        target[i] *= tensor.scale();
      }
    }
  }
}
