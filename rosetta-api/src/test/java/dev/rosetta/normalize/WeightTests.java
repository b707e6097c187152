package dev.rosetta.normalize;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.testing.MemorySource;
import java.util.List;
import org.junit.jupiter.api.Test;

final class WeightTests {
  private static final TensorRole ROLE = TensorRole.weight(Part.FFN_UP, 0);

  /** Blocks of 32 elements in 34 bytes: two that are skipped, then one byte for each element. */
  private static final class Bytes implements ElementCodec {
    @Override
    public ElementType type() {
      return ElementType.Q8_0;
    }

    @Override
    public void decode(byte[] blocks, int offset, float[] target, int targetOffset, int elements) {
      assertEquals(0, elements % 32, "whole blocks only");
      for (int i = 0; i < elements; i++) {
        target[targetOffset + i] = blocks[offset + i / 32 * 34 + 2 + i % 32];
      }
    }
  }

  private static byte[] blocks(int count) {
    byte[] bytes = new byte[34 * count];
    for (int i = 0; i < 32 * count; i++) {
      bytes[i / 32 * 34 + 2 + i % 32] = (byte) i;
    }
    return bytes;
  }

  private static Weight floats(int rows, int columns, int firstRow, int[] order, float scale) {
    int total = firstRow + rows;
    float[] values = new float[total * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = i;
    }
    MemorySource source = new MemorySource(MetadataDialect.HUGGING_FACE);
    source.add(
        "w",
        ElementType.F32,
        List.of((long) total, (long) columns),
        scale,
        MemorySource.floats(values));
    return Weight.stored(
        ROLE,
        source,
        source.tensor("w"),
        MemorySource.codecs().codec(ElementType.F32).orElseThrow(),
        firstRow,
        rows,
        columns,
        order);
  }

  private static Weight flat(int rows, int columns) {
    MemorySource source = new MemorySource(MetadataDialect.APR);
    source.addFlat(
        "w",
        ElementType.Q8_0,
        List.of((long) rows, (long) columns),
        blocks(Math.ceilDiv(rows * columns, 32)));
    return Weight.stored(ROLE, source, source.tensor("w"), new Bytes(), 0, rows, columns, null);
  }

  @Test
  void aRowIsDecodedToItsPlaceAndNothingElseIsTouched() {
    float[] target = {-1, -1, -1, -1, -1};
    floats(4, 3, 0, null, 1).decodeRow(2, target, 1);
    assertArrayEquals(new float[] {-1, 6, 7, 8, -1}, target);
  }

  @Test
  void rowsCountFromTheFirstOfTheirRangeAndFollowTheirOrder() {
    Weight weight = floats(3, 2, 4, new int[] {2, 0, 1}, 1);
    assertArrayEquals(new float[] {12, 13, 8, 9, 10, 11}, weight.decodeAll());
    assertArrayEquals(new float[] {8, 9, 10, 11, 12, 13}, weight.withStoredRows(null).decodeAll());
    assertEquals(7, weight.storedTensorRows());
    assertEquals(1, weight.storedValue(0, 1), "a stored value is found by its stored row");
  }

  @Test
  void aScaleIsAppliedOnce() {
    assertArrayEquals(new float[] {0, 0.5f, 1, 1.5f}, floats(2, 2, 0, null, 0.5f).decodeAll());
    assertEquals(1.5f, floats(2, 2, 0, null, 0.5f).storedValue(1, 1));
  }

  @Test
  void flatBlocksRunAcrossRows() {
    Weight weight = flat(3, 20);
    float[] all = weight.decodeAll();
    for (int i = 0; i < 60; i++) {
      assertEquals((float) (byte) i, all[i]);
      assertEquals(all[i], weight.storedValue(i / 20, i % 20));
    }
    assertFalse(weight.hasKernelRows());
    assertTrue(flat(3, 64).hasKernelRows());
  }

  @Test
  void rowsThatAreLongerThanOnePieceAreDecodedWhole() {
    // 139 KB of blocks, and the second row begins within one.
    float[] all = flat(2, 32 * 4100 - 20).decodeAll();
    for (int i = 0; i < all.length; i++) {
      assertEquals((float) (byte) i, all[i]);
    }
  }

  @Test
  void paddedRowsBeginWithABlockOfTheirOwn() {
    MemorySource source = new MemorySource(MetadataDialect.GGUF);
    source.add("w", ElementType.Q8_0, List.of(20L, 2L), 1, blocks(2));
    Weight weight = Weight.stored(ROLE, source, source.tensor("w"), new Bytes(), 0, 2, 20, null);
    float[] row = new float[20];
    weight.decodeRow(1, row, 0);
    assertEquals(32, row[0]);
    assertEquals(51, row[19]);
    assertEquals(51, weight.storedValue(1, 19));
  }

  @Test
  void aTypeThatCannotBeDecodedIsAnErrorThatNamesTheTensor() {
    MemorySource source = new MemorySource(MetadataDialect.GGUF);
    source.add("blk.0.w", ElementType.Q3_K, List.of(256L), 1, new byte[110]);
    Weight weight = Weight.stored(ROLE, source, source.tensor("blk.0.w"), null, 0, 1, 256, null);
    assertFalse(weight.isReadable());
    ModelException e = assertThrows(ModelException.class, weight::decodeAll);
    assertEquals(ErrorCode.UNSUPPORTED_ELEMENT_TYPE, e.code());
    assertTrue(e.getMessage().contains("blk.0.w") && e.getMessage().contains("Q3_K"));
  }

  @Test
  void valuesInMemoryReplaceTheStoredOnes() {
    Weight weight = floats(2, 2, 0, null, 1).withValues(1, 3, new float[] {7, 8, 9});
    assertTrue(weight.isInMemory());
    assertEquals(1, weight.rows());
    assertEquals(3, weight.columns());
    assertArrayEquals(new float[] {7, 8, 9}, weight.decodeAll());
    assertEquals(9, weight.storedValue(0, 2));
    assertThrows(IllegalArgumentException.class, () -> weight.withValues(2, 2, new float[3]));
  }
}
