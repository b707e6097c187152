package dev.rosetta.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RearrangementTests {

  @ParameterizedTest
  @CsvSource({"5, 3", "3, 5", "4, 4", "1, 7", "6, 2"})
  void theInverseLeadsBackToEveryPosition(int rows, int columns) {
    for (Rearrangement rearrangement : List.of(Rearrangement.TRANSPOSED, Rearrangement.RESHAPED)) {
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          long index = rearrangement.map().index(row, column, rows, columns);
          long back =
              rearrangement.inverse().index(index / columns, index % columns, rows, columns);
          assertEquals((long) row * columns + column, back, rearrangement.code().name());
        }
      }
    }
  }
}
