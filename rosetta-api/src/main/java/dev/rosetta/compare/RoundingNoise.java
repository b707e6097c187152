package dev.rosetta.compare;

import dev.rosetta.engine.Engine;
import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rounding error that a stored weight owns up to: a value rounded to steps of s is off by s²/12
 * in the mean square, and the steps are stored as the scales of its blocks.
 *
 * <p>Offsets are those of ggml's block structures. A weight that was rounded once from its source
 * differs from it by about this much; one that differs by clearly more was rounded before.
 */
final class RoundingNoise {
  /** Rows looked at, spread over the tensor. */
  private static final int ROWS = 256;

  /** Of those, the ones that a thread takes at a time. */
  private static final int TASK_ROWS = 32;

  private RoundingNoise() {}

  /** Sum of step²/12 over the values of one encoded block. */
  @FunctionalInterface
  private interface BlockNoise {
    double of(byte[] block);
  }

  /**
   * Sum of squared rounding errors to expect over the sum of squares; 0 for types that do not
   * round, NaN where the stored bytes do not tell.
   */
  static double of(Weight weight, Engine engine) {
    ElementType type = weight.tensor().type();
    if (type == ElementType.F32 || type == ElementType.F64) {
      return 0;
    }
    if (!weight.hasKernelRows() || !weight.isReadable() || weight.rows() == 1) {
      return Double.NaN;
    }
    if (!isFloat(type) && noise(type) == null) {
      return Double.NaN;
    }
    int step = Math.max(1, weight.rows() / ROWS);
    int rows = Math.ceilDiv(weight.rows(), step);
    List<Sums> parts =
        engine.forEach(
            Math.ceilDiv(rows, TASK_ROWS),
            task -> {
              int from = task * TASK_ROWS * step;
              long end = Math.min(weight.rows(), from + (long) TASK_ROWS * step);
              return sums(weight, from, (int) end, step);
            });
    double error = 0;
    double energy = 0;
    for (Sums part : parts) {
      error += part.error();
      energy += part.energy();
    }
    return energy > 0 ? error / energy : Double.NaN;
  }

  private record Sums(double error, double energy) {}

  /** Over every {@code step}th row from {@code from} to before {@code end}. */
  private static Sums sums(Weight weight, int from, int end, int step) {
    ElementType type = weight.tensor().type();
    BlockNoise noise = noise(type);
    double error = 0;
    double energy = 0;
    float[] values = new float[weight.columns()];
    byte[] row = new byte[Math.toIntExact(weight.rowBytes())];
    byte[] block = new byte[type.blockBytes()];
    for (long sample = from; sample < end; sample += step) {
      int r = (int) sample;
      weight.decodeRow(r, values, 0);
      for (float value : values) {
        energy += (double) value * value;
      }
      if (noise == null) {
        error += ofFloats(values, type == ElementType.F16 ? 10 : 7);
        continue;
      }
      weight.readRows(weight.storedRow(r), 1, MemorySegment.ofArray(row));
      for (int at = 0; at < row.length; at += block.length) {
        System.arraycopy(row, at, block, 0, block.length);
        error += noise.of(block);
      }
    }
    return new Sums(error, energy);
  }

  private static boolean isFloat(ElementType type) {
    return type == ElementType.F16 || type == ElementType.BF16;
  }

  /**
   * Steps of 2^(exponent - bits), squared: the exponent is doubled.
   *
   * @param bits of the fraction
   */
  private static double ofFloats(float[] values, int bits) {
    double sum = 0;
    for (float value : values) {
      int exponent = (Float.floatToRawIntBits(value) >> 23 & 0xff) - 127;
      double square = Double.longBitsToDouble((1023 + 2L * (exponent - bits)) << 52);
      sum += value == 0 ? 0 : square;
    }
    return sum / 12;
  }

  private static @Nullable BlockNoise noise(ElementType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> block -> uniform(half(block, 0), 32);
      case Q4_K, Q5_K ->
          block -> {
            double sum = 0;
            for (int j = 0; j < 8; j++) {
              sum += uniform(half(block, 0) * scale45(block, j), 32);
            }
            return sum;
          };
      case Q6_K ->
          block -> {
            double sum = 0;
            for (int j = 0; j < 16; j++) {
              sum += uniform(half(block, 208) * block[192 + j], 16);
            }
            return sum;
          };
      case Q2_K ->
          block -> {
            double sum = 0;
            for (int j = 0; j < 16; j++) {
              sum += uniform(half(block, 80) * (block[j] & 15), 16);
            }
            return sum;
          };
      case Q3_K ->
          block -> {
            double sum = 0;
            for (int j = 0; j < 16; j++) {
              sum += uniform(half(block, 108) * (scale3(block, j) - 32), 16);
            }
            return sum;
          };
      default -> null;
    };
  }

  private static double uniform(double step, int values) {
    return values * step * step / 12;
  }

  private static double half(byte[] block, int at) {
    return Float.float16ToFloat((short) (block[at] & 0xff | block[at + 1] << 8));
  }

  /** The 6-bit scale of sub-block {@code j}; its two high bits of the later four stand apart. */
  private static int scale45(byte[] block, int j) {
    return j < 4 ? block[4 + j] & 63 : block[8 + j] & 15 | (block[j] >> 6 & 3) << 4;
  }

  /** Q3_K: four low bits of 16 scales in 8 bytes, two high bits of each in the 4 bytes behind. */
  private static int scale3(byte[] block, int j) {
    int low = j < 8 ? block[96 + j] & 15 : block[88 + j] >> 4 & 15;
    return low | (block[104 + j % 4] >> 2 * (j / 4) & 3) << 4;
  }
}
