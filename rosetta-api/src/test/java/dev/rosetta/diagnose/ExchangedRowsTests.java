package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.DiagnosisCode;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** {@link RowOrders#exchanged}: a few rows in one another's place. */
final class ExchangedRowsTests {
  private static final int COLUMNS = 32;

  /** The gate with row {@code to[i]} in the place of row {@code rows[i]}. */
  private static float[] moved(int[] rows, int... to) {
    float[] healthy = Pairing.gate();
    float[] values = healthy.clone();
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(healthy, to[i] * COLUMNS, values, rows[i] * COLUMNS, COLUMNS);
    }
    return values;
  }

  private static Optional<Explanation> explained(float[] values) {
    return RowOrders.exchanged(Pairing.ofGate(values).suspicion(Pairing.GATE_ROLE));
  }

  private static void assertRepaired(float[] values, List<Integer> rows) {
    Explanation found = explained(values).orElseThrow();
    assertEquals(DiagnosisCode.ROWS_PERMUTED, found.code());
    assertEquals(rows, found.evidence().get("rows"));
    assertArrayEquals(Pairing.gate(), found.repairs().getFirst().decodeAll());
  }

  @Test
  void twoRowsAreFoundAndPutBack() {
    assertRepaired(moved(new int[] {3, 41}, 41, 3), List.of(3, 41));
  }

  @Test
  void aCycleIsFoundAndPutBack() {
    assertRepaired(moved(new int[] {0, 7, 63}, 7, 63, 0), List.of(0, 7, 63));
  }

  @Test
  void wholeHeadsAreNamedAsSuch() {
    int[] rows = new int[16];
    int[] to = new int[16];
    for (int i = 0; i < 16; i++) {
      rows[i] = 8 + i;
      to[i] = i < 8 ? 16 + i : i;
    }
    Explanation found = explained(moved(rows, to)).orElseThrow();
    assertEquals("has its heads in another order: [0, 2, 1, 3, 4, 5, 6, 7]", found.words());
  }

  @Test
  void aRowThatAppearsTwiceIsNoExchange() {
    assertEquals(Optional.empty(), explained(moved(new int[] {3}, 41)));
    assertEquals(Optional.empty(), explained(moved(new int[] {3, 41}, 41, 5)));
  }

  @Test
  void damageIsNoExchange() {
    float[] values = Pairing.gate();
    values[5 * COLUMNS] += 9;
    values[9 * COLUMNS] += 9;
    assertEquals(Optional.empty(), explained(values));
  }

  @Test
  void anotherOrderOfMostRowsIsLeftToTheMatcher() {
    int[] rows = new int[64];
    int[] to = new int[64];
    for (int i = 0; i < 64; i++) {
      rows[i] = i;
      to[i] = 63 - i;
    }
    assertEquals(Optional.empty(), explained(moved(rows, to)));
    Explanation found =
        RowOrders.permuted(Pairing.ofGate(moved(rows, to)).suspicion(Pairing.GATE_ROLE))
            .orElseThrow();
    assertArrayEquals(Pairing.gate(), found.repairs().getFirst().decodeAll());
  }
}
