package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Plain values that a wrong decoder made of quantised blocks: elements of a block in another order,
 * bits, scales or minimums lost.
 */
final class DecodedBlocks {
  /** Room for values that were rounded to 16 bits after they were decoded. */
  private static final double ROUNDED = 1e-5;

  /** Four bits and a neighbour's scale leave less; another order leaves all, twice over. */
  private static final double ALIKE = 0.15;

  /** Share of the energy that offsets must have to be more than a quantiser's bias. */
  private static final double OFFSET = 0.1;

  /** Share that they may leave: the rounding of four bits. */
  private static final double REST = 0.03;

  private static final int OFFSET_ROWS = 64;

  private DecodedBlocks() {}

  /** The other side's blocks, read wrongly, give exactly the suspect's values. */
  static Optional<Explanation> wronglyRead(Suspicion s) {
    Weight reference = s.reference();
    if (!isPlain(s.suspect())
        || !reference.tensor().type().isQuantized()
        || reference.isInMemory()
        || s.isVector()) {
      return Optional.empty();
    }
    Samples values = Samples.of(s.suspect());
    ElementType type = reference.tensor().type();
    for (BlockChanges.Known known : BlockChanges.misreadings(type)) {
      Weight misread = BlockView.of(reference, known.undo());
      if (values.fits((row, column) -> Suspicion.value(misread, row, column), ROUNDED)) {
        return Optional.of(
            Explanation.lossy(
                    known.code(),
                    "holds what a wrong decoder makes of the other side's "
                        + type
                        + " blocks: each "
                        + known.words(),
                    "decode "
                        + type
                        + " by ggml's block layout, from the quantised file or better from the"
                        + " original")
                .reproducedBy(misread)
                .withEvidence(Map.of("decodedFrom", type.name()))
                .onThisSide());
      }
    }
    return Optional.empty();
  }

  /** An order of the elements of a block. */
  @FunctionalInterface
  private interface Order {
    /** Where the element that belongs at {@code i} stands. */
    int place(int i);
  }

  private record Disorder(int block, String words, Order order) {}

  private static final List<Disorder> DISORDERS =
      List.of(
          pairs(32),
          halves(32),
          exchanged(32),
          pairs(64),
          halves(64),
          exchanged(64),
          new Disorder(
              128,
              "has the four quarters of every 128 elements in reverse order",
              i -> 32 * (3 - i / 32) + i % 32));

  private static Disorder pairs(int block) {
    return new Disorder(
        block,
        "has elements i and i+" + block / 2 + " of every " + block + " side by side",
        i -> i < block / 2 ? 2 * i : 2 * (i - block / 2) + 1);
  }

  private static Disorder halves(int block) {
    return new Disorder(
        block,
        "has elements 2i and 2i+1 of every " + block + " " + block / 2 + " apart",
        i -> i / 2 + i % 2 * (block / 2));
  }

  private static Disorder exchanged(int block) {
    return new Disorder(
        block,
        "has the two halves of every " + block + " elements exchanged",
        i -> (i + block / 2) % block);
  }

  /** Elements in the order of a decoder that took the nibbles of a block for other elements. */
  static Optional<Explanation> disordered(Suspicion s) {
    if (!isPlain(s.suspect()) || s.isVector()) {
      return Optional.empty();
    }
    Weight suspect = s.suspect();
    for (Disorder disorder : DISORDERS) {
      int block = disorder.block();
      if (suspect.columns() % block == 0
          && s.samples()
              .fits(
                  (row, column) -> Suspicion.value(suspect, row, place(disorder, column)),
                  Math.max(s.bound(), ALIKE))) {
        return Optional.of(
            Explanation.of(
                    DiagnosisCode.QUANT_NIBBLE_ORDER,
                    disorder.words() + ", as a wrong decoder of quantised blocks leaves them",
                    "decode blocks by ggml's layout: byte j holds element j in its low and one of"
                        + " the other half in its high nibble",
                    ordered(suspect, disorder))
                .withEvidence(Map.of("block", block)));
      }
    }
    return Optional.empty();
  }

  private static int place(Disorder disorder, int column) {
    int within = column % disorder.block();
    return column - within + disorder.order().place(within);
  }

  private static Weight ordered(Weight suspect, Disorder disorder) {
    int columns = suspect.columns();
    return suspect.withValues(
        suspect.rows(),
        columns,
        () -> {
          float[] values = new float[Math.multiplyExact(suspect.rows(), columns)];
          float[] row = new float[columns];
          for (int r = 0; r < suspect.rows(); r++) {
            suspect.decodeRow(r, row, 0);
            for (int c = 0; c < columns; c++) {
              values[r * columns + c] = row[place(disorder, c)];
            }
          }
          return values;
        });
  }

  /** Every block of 32 is off by a number of its own: the offset or minimum was left out. */
  static Optional<Explanation> offset(Suspicion s) {
    if (!isPlain(s.suspect()) || s.isVector() || s.suspect().columns() % 32 != 0) {
      return Optional.empty();
    }
    int columns = s.suspect().columns();
    float[] left = new float[columns];
    float[] right = new float[columns];
    int step = Math.max(1, s.suspect().rows() / OFFSET_ROWS);
    double energy = 0;
    double offsets = 0;
    double rest = 0;
    double blocks = 0;
    double sum = 0;
    for (int row = 0; row < s.suspect().rows(); row += step) {
      s.reference().decodeRow(row, left, 0);
      s.suspect().decodeRow(row, right, 0);
      for (int from = 0; from < columns; from += 32) {
        double mean = 0;
        double squares = 0;
        for (int c = from; c < from + 32; c++) {
          double d = (double) right[c] - left[c];
          mean += d / 32;
          squares += d * d;
          energy += (double) left[c] * left[c];
        }
        offsets += 32 * mean * mean;
        rest += squares - 32 * mean * mean;
        blocks += mean != 0 ? 1 : 0;
        sum += mean;
      }
    }
    boolean found =
        offsets > OFFSET * energy && rest <= REST * energy && Math.abs(sum) > 0 && blocks > 1;
    return found
        ? Optional.of(
            Explanation.of(
                DiagnosisCode.QUANT_SCALE_PACKING,
                "is off by a number of its own in every block of 32: the offset or the minimums of"
                    + " a quantised type were left out when it was decoded",
                "subtract the offset (8 or 16 times the scale) or the minimum of each block",
                withoutOffsets(s)))
        : Optional.empty();
  }

  private static Weight withoutOffsets(Suspicion s) {
    Weight suspect = s.suspect();
    int columns = suspect.columns();
    return suspect.withValues(
        suspect.rows(),
        columns,
        () -> {
          float[] values = new float[Math.multiplyExact(suspect.rows(), columns)];
          float[] row = new float[columns];
          for (int r = 0; r < suspect.rows(); r++) {
            suspect.decodeRow(r, values, r * columns);
            s.reference().decodeRow(r, row, 0);
            for (int from = 0; from < columns; from += 32) {
              double mean = 0;
              for (int c = from; c < from + 32; c++) {
                mean += ((double) values[r * columns + c] - row[c]) / 32;
              }
              for (int c = from; c < from + 32; c++) {
                values[r * columns + c] = (float) (values[r * columns + c] - mean);
              }
            }
          }
          return values;
        });
  }

  private static boolean isPlain(Weight weight) {
    return switch (weight.tensor().type()) {
      case F64, F32, F16, BF16 -> true;
      default -> false;
    };
  }
}
