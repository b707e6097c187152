package dev.rosetta.diagnose;

import dev.rosetta.model.SafeText;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Weight;
import java.util.BitSet;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Compares rows of an embedding or an output head, one row a token. All rows of a trained table
 * share large values in a few columns, so that a distance of vectors takes unrelated rows for
 * alike; here each column counts alike, in units of what two rows usually differ by in it.
 */
final class TableRows {
  private static final int PAIRS = 64;

  /** Unrelated rows are at 0.6 and more, values of four bits within 0.15. */
  private static final double SAME = 0.35;

  private static final int LONGEST_TOKEN = 40;

  private final Weight reference;
  private final Weight suspect;
  private final float[] usual;

  TableRows(Weight reference, Weight suspect) {
    this.reference = reference;
    this.suspect = suspect;
    this.usual = usual(reference);
  }

  static boolean isTable(TensorRole role) {
    return !role.bias() && (role.part() == Part.EMBEDDING || role.part() == Part.OUTPUT);
  }

  /** Mean distance of two rows, by column. */
  private static float[] usual(Weight weight) {
    float[] sum = new float[weight.columns()];
    float[] left = new float[weight.columns()];
    float[] right = new float[weight.columns()];
    SplittableRandom random = new SplittableRandom(weight.rows());
    for (int i = 0; i < PAIRS; i++) {
      weight.decodeRow(random.nextInt(weight.rows()), left, 0);
      weight.decodeRow(random.nextInt(weight.rows()), right, 0);
      for (int c = 0; c < sum.length; c++) {
        sum[c] += Math.abs(left[c] - right[c]) / PAIRS;
      }
    }
    return sum;
  }

  /** Whether row {@code row} of the reference is row {@code other} of the suspect, up to noise. */
  boolean same(int row, int other) {
    float[] left = new float[reference.columns()];
    float[] right = new float[reference.columns()];
    reference.decodeRow(row, left, 0);
    suspect.decodeRow(other, right, 0);
    return same(left, right);
  }

  boolean same(float[] left, float[] right) {
    double distance = 0;
    for (int c = 0; c < left.length; c++) {
      double d = Math.abs((double) left[c] - right[c]);
      // Written so that a NaN counts as another value.
      distance += d == 0 ? 0 : d < usual[c] ? d / usual[c] : 1;
    }
    return distance <= SAME * left.length;
  }

  /**
   * What stands in its place and what does not.
   *
   * @param others rows that hold other values
   * @param rest normalised squared error of all other rows
   */
  record Agreement(BitSet others, double rest) {}

  /** Compares every row with the one in its place. */
  Agreement inPlace() {
    BitSet others = new BitSet(reference.rows());
    float[] left = new float[reference.columns()];
    float[] right = new float[reference.columns()];
    double difference = 0;
    double energy = 0;
    for (int row = 0; row < reference.rows(); row++) {
      reference.decodeRow(row, left, 0);
      suspect.decodeRow(row, right, 0);
      if (!same(left, right)) {
        others.set(row);
        continue;
      }
      for (int c = 0; c < left.length; c++) {
        double d = (double) right[c] - left[c];
        difference += d * d;
        energy += (double) left[c] * left[c];
      }
    }
    return new Agreement(others, energy > 0 ? difference / energy : difference);
  }

  /** The token of a row, as far as a file says: {@code 700 ("and")}. */
  static String token(Facts facts, int row) {
    Optional<Vocabulary> vocabulary =
        facts.a().source().vocabulary().or(() -> facts.b().source().vocabulary());
    return vocabulary
        .filter(v -> row < v.tokens().size())
        .map(v -> row + " (\"" + SafeText.escape(v.tokens().get(row), LONGEST_TOKEN) + "\")")
        .orElse(String.valueOf(row));
  }
}
