package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodec;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;

/** Data that starts some bytes late or early, so that no value is read whole. */
final class ByteShifts {
  /** Bytes in either direction within which a shift is searched. */
  private static final int REACH = 64;

  private ByteShifts() {}

  static Optional<Explanation> shifted(Suspicion s) {
    Weight suspect = s.suspect();
    ElementCodec codec = suspect.codec();
    if (suspect.isInMemory() || codec == null || !suspect.hasKernelRows() || suspect.rows() < 8) {
      return Optional.empty();
    }
    for (int distance = 1; distance <= REACH; distance++) {
      for (int shift : new int[] {distance, -distance}) {
        if (isFound(s, codec, suspect.rows() / 2, shift)
            && isFound(s, codec, suspect.rows() / 3, shift)) {
          return Optional.of(
              Explanation.lossy(
                      DiagnosisCode.DATA_SHIFTED,
                      "begins " + distance + " bytes too " + (shift < 0 ? "early" : "late"),
                      "check the tensor's data offset, and where the copy starts")
                  .withEvidence(Map.of("bytes", shift)));
        }
      }
    }
    return Optional.empty();
  }

  /** Whether a row of the reference is found {@code shift} bytes behind its place. */
  private static boolean isFound(Suspicion s, ElementCodec codec, int row, int shift) {
    Weight suspect = s.suspect();
    int columns = suspect.columns();
    int rowBytes = Math.toIntExact(suspect.rowBytes());
    int stored = suspect.storedRow(row);
    int around = Math.ceilDiv(REACH, rowBytes);
    if (stored < around || stored + around >= suspect.rows()) {
      return false;
    }
    byte[] bytes = new byte[(2 * around + 1) * rowBytes];
    suspect.readRows(stored - around, 2 * around + 1, MemorySegment.ofArray(bytes));
    float[] values = new float[columns];
    codec.decode(bytes, around * rowBytes + shift, values, 0, columns);
    float[] expected = new float[columns];
    s.reference().decodeRow(row, expected, 0);
    double difference = 0;
    double energy = 0;
    for (int i = 0; i < columns; i++) {
      double d = (double) values[i] - expected[i];
      difference += d * d;
      energy += (double) expected[i] * expected[i];
    }
    return energy > 0 && difference <= 2 * s.bound() * energy;
  }
}
