package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.normalize.Weight;
import java.util.Map;
import java.util.Optional;

/**
 * Matrices laid out another way: transposed, reshaped, shifted, written with another row stride.
 */
final class Layouts {
  /** Elements in either direction within which a shift is searched. */
  private static final int REACH = 1024;

  /** Consecutive values that a shift is recognised by. */
  private static final int WINDOW = 192;

  private static final int MAX_PADDING = 512;

  private Layouts() {}

  static Optional<Explanation> transposed(Suspicion s) {
    return rearranged(s, Rearrangement.TRANSPOSED);
  }

  static Optional<Explanation> reshaped(Suspicion s) {
    return rearranged(s, Rearrangement.RESHAPED);
  }

  private static Optional<Explanation> rearranged(Suspicion s, Rearrangement rearrangement) {
    Weight suspect = s.suspect();
    if (s.isVector() || suspect.columns() == 1) {
      return Optional.empty();
    }
    if (s.fits((row, column) -> rearrangement.valueAt(suspect, row, column))) {
      return Optional.of(explained(rearrangement, suspect));
    }
    // Rows may have been put in stored order after the mistake.
    boolean before =
        !suspect.isInStoredOrder()
            && s.fits((row, column) -> rearrangement.valueInOrder(suspect, row, column));
    return before
        ? Optional.of(
            explained(
                rearrangement,
                suspect.withValues(suspect.rows(), suspect.columns(), suspect::decodeAll)))
        : Optional.empty();
  }

  private static Explanation explained(Rearrangement rearrangement, Weight suspect) {
    return Explanation.of(
        rearrangement.code(),
        rearrangement.words(),
        rearrangement.fix(),
        rearrangement.repair(suspect));
  }

  /** The data starts some elements late or early, in the whole tensor or inside every row. */
  static Optional<Explanation> shifted(Suspicion s) {
    Flat reference = Flat.of(s.reference());
    Flat suspect = Flat.of(s.suspect());
    int columns = s.suspect().columns();
    int window = Math.min(WINDOW, columns / 2);
    if (window < 16) {
      return Optional.empty();
    }
    // From the start of a row, so that a roll inside rows moves the window as a whole.
    long start = (long) (s.suspect().rows() / 2) * columns;
    int shift = findShift(reference, suspect, start, window, s.bound());
    if (shift == 0) {
      return Optional.empty();
    }
    boolean wholeTensor = fitsShift(s, shift, Wrap.TENSOR);
    if (!wholeTensor && !fitsShift(s, shift, Wrap.ROW)) {
      return Optional.empty();
    }
    Wrap wrap = wholeTensor ? Wrap.TENSOR : Wrap.ROW;
    String where = wholeTensor ? "" : " inside every row";
    return Optional.of(
        Explanation.of(
                s.role().bias() ? DiagnosisCode.BIAS_WRONG : DiagnosisCode.DATA_SHIFTED,
                "is shifted by " + shift + " elements" + where,
                "check the tensor's data offset, and where the copy starts",
                shift(s.suspect(), shift, wrap))
            .withEvidence(Map.of("elements", shift, "columns", columns)));
  }

  private enum Wrap {
    TENSOR,
    ROW
  }

  /** Most sampled positions agree when read {@code shift} elements later; the ends may be lost. */
  private static boolean fitsShift(Suspicion s, int shift, Wrap wrap) {
    Weight suspect = s.suspect();
    return s.samples()
            .agreeing(
                (row, column) -> {
                  long index = source(suspect, row, column, shift, wrap);
                  return Suspicion.value(
                      suspect,
                      (int) (index / suspect.columns()),
                      (int) (index % suspect.columns()));
                },
                s.bound())
        >= 0.97
            - (double) Math.abs(shift)
                / (wrap == Wrap.ROW
                    ? suspect.columns() * 64.0
                    : (double) suspect.rows() * suspect.columns());
  }

  private static long source(Weight weight, int row, int column, int shift, Wrap wrap) {
    if (wrap == Wrap.ROW) {
      return (long) row * weight.columns() + Math.floorMod(column + shift, weight.columns());
    }
    long elements = (long) weight.rows() * weight.columns();
    return Math.floorMod((long) row * weight.columns() + column + shift, elements);
  }

  private static Weight shift(Weight weight, int shift, Wrap wrap) {
    return weight.withValues(weight.rows(), weight.columns(), () -> shifted(weight, shift, wrap));
  }

  private static float[] shifted(Weight weight, int shift, Wrap wrap) {
    int columns = weight.columns();
    float[] values = weight.decodeAll();
    float[] moved = new float[values.length];
    for (int row = 0; row < weight.rows(); row++) {
      for (int column = 0; column < columns; column++) {
        moved[row * columns + column] =
            values[Math.toIntExact(source(weight, row, column, shift, wrap))];
      }
    }
    return moved;
  }

  /** The distance at which a window of the reference is found in the suspect; 0 if it is not. */
  private static int findShift(Flat reference, Flat suspect, long start, int length, double bound) {
    float[] window = reference.read(start, length);
    double energy = 0;
    for (float value : window) {
      energy += (double) value * value;
    }
    if (energy == 0) {
      return 0;
    }
    long from = Math.max(0, start - REACH);
    long to = Math.min(suspect.length(), start + length + REACH);
    float[] region = suspect.read(from, (int) (to - from));
    for (int distance = 1; distance <= REACH; distance++) {
      for (int shift : new int[] {distance, -distance}) {
        long offset = start + shift - from;
        if (offset >= 0 && offset + length <= region.length) {
          double difference = 0;
          for (int i = 0; i < length; i++) {
            double d = (double) region[(int) offset + i] - window[i];
            difference += d * d;
          }
          if (difference <= Math.max(bound, 1e-9) * 2 * energy) {
            return shift;
          }
        }
      }
    }
    return 0;
  }

  /** Rows written with a stride of more than their columns: the drift grows with the row. */
  static Optional<Explanation> padded(Suspicion s) {
    Weight suspect = s.suspect();
    if (s.isVector() || suspect.rows() < 4) {
      return Optional.empty();
    }
    int columns = suspect.columns();
    Flat reference = Flat.of(s.reference());
    Flat stored = Flat.of(suspect);
    int count = Math.min(WINDOW, columns);
    float[] second = reference.read(columns, count);
    for (int padding = 1; padding <= MAX_PADDING; padding++) {
      long at = (long) columns + padding;
      if (at + count > stored.length() || !same(stored.read(at, count), second, s.bound())) {
        continue;
      }
      int stride = columns + padding;
      int whole = (int) (stored.length() / stride);
      if (whole < 3
          || !same(
              stored.read((long) (whole - 1) * stride, count),
              reference.read((long) (whole - 1) * columns, count),
              s.bound())) {
        continue;
      }
      return Optional.of(
          Explanation.of(
                  DiagnosisCode.ROW_PADDING,
                  "has rows of " + stride + " elements where " + columns + " are meant",
                  "write rows without padding, or pad them to what the reader expects",
                  suspect.withValues(
                      suspect.rows(), columns, () -> withoutPadding(suspect, stride)))
              .withEvidence(Map.of("stride", stride, "columns", columns)));
    }
    return Optional.empty();
  }

  private static float[] withoutPadding(Weight weight, int stride) {
    int columns = weight.columns();
    float[] values = weight.decodeAll();
    float[] repaired = new float[values.length];
    for (int row = 0; row < weight.rows(); row++) {
      int from = row * stride;
      int length = Math.clamp((long) values.length - from, 0, columns);
      if (length > 0) {
        System.arraycopy(values, from, repaired, row * columns, length);
      }
    }
    return repaired;
  }

  private static boolean same(float[] left, float[] right, double bound) {
    double difference = 0;
    double energy = 0;
    for (int i = 0; i < left.length; i++) {
      double d = (double) left[i] - right[i];
      difference += d * d;
      energy += (double) right[i] * right[i];
    }
    return energy > 0 && difference <= Math.max(bound, 1e-9) * 2 * energy;
  }

  /** A weight as one long row of values in canonical order. */
  private record Flat(Weight weight, long length) {
    static Flat of(Weight weight) {
      return new Flat(weight, (long) weight.rows() * weight.columns());
    }

    float[] read(long from, int count) {
      float[] values = new float[count];
      int columns = weight.columns();
      float[] row = new float[columns];
      int done = 0;
      while (done < count) {
        int r = (int) ((from + done) / columns);
        int c = (int) ((from + done) % columns);
        weight.decodeRow(r, row, 0);
        int length = Math.min(columns - c, count - done);
        System.arraycopy(row, c, values, done, length);
        done += length;
      }
      return values;
    }
  }
}
