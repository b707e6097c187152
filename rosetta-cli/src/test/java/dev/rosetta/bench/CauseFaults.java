package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.*;

import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ElementCodecs;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** What people report of real files: adapters, added tokens, lost scales, wrong decoders. */
final class CauseFaults {
  private static final ElementCodecs CODECS = ElementCodecs.load();

  private CauseFaults() {}

  static List<Fault> all() {
    return List.of(
        new Fault("adapter in one side only", (d, o, r) -> adapter(d, o, r, 0.03)),
        new Fault("faint adapter in one side only", (d, o, r) -> adapter(d, o, r, 0.012)),
        new Fault("token added to the embedding", (d, o, r) -> movedRows(d, r, true)),
        new Fault("token lost from the embedding", (d, o, r) -> movedRows(d, r, false)),
        new Fault("rows of tokens initialised again", CauseFaults::freshRows),
        new Fault("decoded in pairs", CauseFaults::decodedInPairs),
        new Fault("group scales left out", (d, o, r) -> scales(d, o, r, -1)),
        new Fault("group scales applied twice", (d, o, r) -> scales(d, o, r, 1)));
  }

  /** Share of a weight's energy that a coarse type's rounding hides. */
  private static final double FAINT = 0.02;

  /** Random A and B of rank 4 or 8 in two modules of every layer, or in all four of attention. */
  private static @Nullable Expected adapter(
      Draft draft, ElementType opposite, Random random, double share) {
    Part[] parts =
        random.nextBoolean()
            ? new Part[] {Part.Q, Part.V}
            : new Part[] {Part.Q, Part.K, Part.V, Part.ATTN_OUT};
    int rank = random.nextBoolean() ? 4 : 8;
    if (draft.shape().keys() < 4 * rank) {
      return null;
    }
    List<TensorRole> roles = new ArrayList<>();
    for (int layer = 0; layer < draft.shape().layers(); layer++) {
      for (Part part : parts) {
        TensorRole role = TensorRole.weight(part, layer);
        draft.put(role, updated(draft.value(role), rank, share, random));
        roles.add(role);
      }
    }
    Expected expected = Expected.of(roles, LOW_RANK_UPDATE).inAnyLayer();
    // Below the noise nothing is at fault that a repair could remove.
    return share < FAINT ? expected.lost() : expected;
  }

  private static Matrix updated(Matrix matrix, int rank, double share, Random random) {
    double[][] down = gaussian(rank, matrix.columns(), random);
    double[][] up = gaussian(matrix.rows(), rank, random);
    double scale = matrix.rms() * Math.sqrt(share / rank);
    return matrix.map(
        (r, c, v) -> {
          double sum = 0;
          for (int k = 0; k < rank; k++) {
            sum += up[r][k] * down[k][c];
          }
          return v + scale * sum;
        });
  }

  private static double[][] gaussian(int rows, int columns, Random random) {
    double[][] values = new double[rows][columns];
    for (double[] row : values) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextGaussian();
      }
    }
    return values;
  }

  /**
   * From some row on each token has its neighbour's; the last, or the new one, has other values.
   */
  private static Expected movedRows(Draft draft, Random random, boolean added) {
    TensorRole role = TensorRole.weight(Part.EMBEDDING);
    Matrix matrix = draft.value(role);
    int rows = matrix.rows();
    int first = rows / 4 + random.nextInt(rows / 2);
    int by = 1 + random.nextInt(3);
    int[] from = new int[rows];
    for (int row = 0; row < rows; row++) {
      from[row] = row < first ? row : added ? row - by : row + by;
    }
    double rms = matrix.rms();
    float[] values = matrix.values().clone();
    for (int row = first; row < rows; row++) {
      boolean fresh = added ? row < first + by : row >= rows - by;
      for (int c = 0; c < matrix.columns(); c++) {
        values[row * matrix.columns() + c] =
            fresh
                ? (float) (rms * random.nextGaussian())
                : matrix.values()[from[row] * matrix.columns() + c];
      }
    }
    draft.put(role, new Matrix(rows, matrix.columns(), values));
    return Expected.of(role, DATA_SHIFTED, ROWS_PERMUTED);
  }

  private static Expected freshRows(Draft draft, ElementType opposite, Random random) {
    TensorRole role = TensorRole.weight(Part.EMBEDDING);
    Matrix matrix = draft.value(role);
    int first = matrix.rows() - 2 - random.nextInt(matrix.rows() / 4);
    double rms = matrix.rms();
    draft.put(
        role, matrix.map((r, c, v) -> r >= first ? (float) (rms * random.nextGaussian()) : v));
    return Expected.of(role, VALUES_CORRUPTED).lost();
  }

  /** Q4_0 and Q5_0 decoded with elements 2i and 2i+1 in byte i, and stored as plain values. */
  private static @Nullable Expected decodedInPairs(
      Draft draft, ElementType opposite, Random random) {
    TensorRole role = ValueFaults.matrix(draft, random);
    Matrix matrix = draft.value(role);
    if (draft.storedType(role).isQuantized()
        || matrix.columns() % 32 != 0
        || opposite != ElementType.Q4_0 && opposite != ElementType.F32) {
      return null;
    }
    float[] healthy = rounded(matrix, ElementType.Q4_0);
    float[] values = new float[healthy.length];
    for (int i = 0; i < values.length; i++) {
      int within = i % 32;
      values[i - within + (within < 16 ? 2 * within : 2 * (within - 16) + 1)] = healthy[i];
    }
    draft.put(role, new Matrix(matrix.rows(), matrix.columns(), values));
    return Expected.of(role, QUANT_NIBBLE_ORDER).lost();
  }

  private static float[] rounded(Matrix matrix, ElementType type) {
    int count = matrix.values().length;
    byte[] bytes = new byte[Math.toIntExact(type.byteSize(count))];
    ElementEncoder.of(type).orElseThrow().encode(matrix.values(), 0, count, bytes, 0);
    float[] values = new float[count];
    CODECS.codec(type).orElseThrow().decode(bytes, 0, values, 0, count);
    return values;
  }

  /** Powers of two that bring the largest of 32 values to six, as MXFP4 has them. */
  private static @Nullable Expected scales(
      Draft draft, ElementType opposite, Random random, int power) {
    TensorRole role = ValueFaults.matrix(draft, random);
    Matrix matrix = draft.value(role);
    if (draft.storedType(role).isQuantized() || isCoarse(opposite) || matrix.columns() % 32 != 0) {
      return null;
    }
    float[] values = matrix.values().clone();
    for (int from = 0; from < values.length; from += 32) {
      float largest = 0;
      for (int i = from; i < from + 32; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      double scale = Math.pow(2, Math.ceil(Math.log(largest / 6) / Math.log(2)));
      for (int i = from; i < from + 32; i++) {
        values[i] *= (float) Math.pow(scale, power);
      }
    }
    draft.put(role, new Matrix(matrix.rows(), matrix.columns(), values));
    return Expected.of(role, SCALES_IGNORED);
  }

  private static boolean isCoarse(ElementType type) {
    return switch (type) {
      case F32, F16, BF16, Q8_0, Q6_K -> false;
      default -> true;
    };
  }
}
