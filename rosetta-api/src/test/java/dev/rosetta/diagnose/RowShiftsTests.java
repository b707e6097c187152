package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** {@link RowShifts} and {@link RowRanges}: rows of tokens that moved, and that were replaced. */
final class RowShiftsTests {
  private static final String NAME = "model.embed_tokens.weight";
  private static final TensorRole ROLE = TensorRole.weight(Part.EMBEDDING);
  private static final int ROWS = TinyDecoder.VOCABULARY;
  private static final int COLUMNS = TinyDecoder.HIDDEN;

  private static final float[] HEALTHY = TinyDecoder.of("llama", 11).tensors().get(NAME).values();

  /** Row r of the result is row {@code from[r]}; rows of other values where that is -1. */
  private static float[] rows(int... from) {
    Random random = new Random(5);
    float[] values = new float[from.length * COLUMNS];
    for (int row = 0; row < from.length; row++) {
      for (int c = 0; c < COLUMNS; c++) {
        values[row * COLUMNS + c] =
            from[row] < 0 ? (float) random.nextGaussian() : HEALTHY[from[row] * COLUMNS + c];
      }
    }
    return values;
  }

  private static MemorySource with(float[] values) {
    MemorySource source = TinyDecoder.of("llama", 11).source(MetadataDialect.HUGGING_FACE);
    source.remove(NAME);
    source.add(NAME, List.of((long) values.length / COLUMNS, (long) COLUMNS), values);
    return source.state("vocab_size", (long) values.length / COLUMNS);
  }

  private static Suspicion suspicion(float[] values) {
    return Pairing.of(with(values), Pairing.healthy()).suspicion(ROLE);
  }

  private static int[] order() {
    int[] order = new int[ROWS];
    for (int i = 0; i < ROWS; i++) {
      order[i] = i;
    }
    return order;
  }

  /** Rows from {@code first} on come {@code by} rows later, or earlier if that is negative. */
  private static int[] moved(int first, int by) {
    int[] order = order();
    for (int row = first; row < ROWS; row++) {
      int from = row - by;
      order[row] = from >= first && from < ROWS ? from : -1;
    }
    return order;
  }

  @Test
  void anAddedTokenMovesAllBehindIt() {
    for (int by : new int[] {1, 3, -1, -2}) {
      Explanation found = RowShifts.moved(suspicion(rows(moved(17, by)))).orElseThrow();
      assertEquals(DiagnosisCode.DATA_SHIFTED, found.code());
      assertEquals(17, found.evidence().get("firstRow"));
      assertEquals(by, found.evidence().get("rows"));
      assertTrue(found.words().contains("rows 17 to 39"), found.words());
      assertArrayEquals(HEALTHY, found.repairs().getFirst().decodeAll());
    }
  }

  @Test
  void aRowThatStandsAtTheEndIsNotTakenFromTheOtherSide() {
    int[] order = moved(17, -1);
    order[ROWS - 1] = 17;
    Explanation found = RowShifts.moved(suspicion(rows(order))).orElseThrow();
    assertTrue(!found.words().contains("gone"), found.words());
    assertTrue(!found.repairs().getFirst().isInMemory());
    assertArrayEquals(HEALTHY, found.repairs().getFirst().decodeAll());
  }

  @Test
  void otherOrdersAreNoShift() {
    int[] reversed = order();
    for (int i = 0; i < ROWS; i++) {
      reversed[i] = ROWS - 1 - i;
    }
    assertEquals(Optional.empty(), RowShifts.moved(suspicion(rows(reversed))));
    int[] exchanged = order();
    exchanged[4] = 30;
    exchanged[30] = 4;
    assertEquals(Optional.empty(), RowShifts.moved(suspicion(rows(exchanged))));
  }

  @Test
  void rowsOfOtherValuesAreNamedAsRanges() {
    int[] order = order();
    for (int row : new int[] {3, 36, 37, 38, 39}) {
      order[row] = -1;
    }
    Suspicion suspicion = suspicion(rows(order));
    assertEquals(Optional.empty(), RowShifts.moved(suspicion));
    Explanation found = RowRanges.replaced(suspicion).orElseThrow();
    assertEquals(DiagnosisCode.VALUES_CORRUPTED, found.code());
    assertEquals(List.of("3", "36-39"), found.evidence().get("rows"));
    assertTrue(found.words().contains("row 3 (token 3); rows 36 to 39"), found.words());
  }

  @Test
  void damagedValuesAreNoReplacedRow() {
    float[] values = HEALTHY.clone();
    values[5 * COLUMNS + 3] += 9;
    assertEquals(Optional.empty(), RowRanges.replaced(suspicion(values)));
    for (int i = 0; i < values.length; i++) {
      values[i] = HEALTHY[i] * 1.01f;
    }
    values[0] += 9;
    assertEquals(Optional.empty(), RowRanges.replaced(suspicion(values)));
  }

  @Test
  void aTableWithOneTokenMoreIsComparedOverTheRowsThatBothHave() {
    int[] longer = new int[ROWS + 1];
    for (int row = 0; row <= ROWS; row++) {
      longer[row] = row < 12 ? row : row == 12 ? -1 : row - 1;
    }
    List<Diagnosis> found = Pairing.of(with(rows(longer)), Pairing.healthy()).diagnoses();
    Diagnosis moved =
        found.stream()
            .filter(d -> d.code() == DiagnosisCode.DATA_SHIFTED)
            .findFirst()
            .orElseThrow();
    assertEquals("embedding.weight", moved.subject());
    assertEquals(12, moved.evidence().get("firstRow"));
  }
}
