package dev.rosetta.formats.synth;

import dev.rosetta.model.ElementType;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Random super-blocks, drawn rather than searched for: an encoder looks for the best scales of
 * given values, which takes most of the time of making a large model, and any block is a legitimate
 * one. Quants are uniform bits; scales vary within a block; the block scale makes the deviation.
 */
final class RandomBlocks {
  private static final VarHandle I16 =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle I64 =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Sub-block scales of Q4_K and Q5_K are 32…63: the root of their mean square. */
  private static final double SCALE_6_BIT = rootMeanSquare(32, 63);

  /** Sub-block scales of Q6_K are ±64…127. */
  private static final double SCALE_8_BIT = rootMeanSquare(64, 127);

  private RandomBlocks() {}

  /** Whether blocks of {@code type} are drawn. */
  static boolean draws(ElementType type) {
    return switch (type) {
      case Q4_K, Q5_K, Q6_K -> true;
      default -> false;
    };
  }

  /** Fills a row; {@code elements} is a multiple of 256. */
  static void draw(
      ElementType type, int elements, double deviation, Counter random, byte[] target, int at) {
    for (int done = 0; done < elements; done += type.blockElements()) {
      // Between 0.75 and 1.25, with a mean square near 1.
      double wobble = 0.75 + 0.5 * (random.next() >>> 40) / (1 << 24);
      if (type == ElementType.Q6_K) {
        q6(deviation * wobble, random, target, at);
      } else {
        q45(type == ElementType.Q4_K ? 4 : 5, deviation * wobble, random, target, at);
      }
      at += type.blockBytes();
    }
  }

  // d f16 | dmin f16 | scales[12] | (Q5_K: qh[32]) | qs[128]; value d * scale * q - dmin * minimum.
  // The minimum is the scale and dmin is d times the middle quant, so that values centre on 0.
  private static void q45(int bits, double deviation, Counter random, byte[] target, int at) {
    int quants = 1 << bits;
    double d = deviation / (SCALE_6_BIT * uniformDeviation(quants));
    short stored = Float.floatToFloat16((float) d);
    I16.set(target, at, stored);
    float middle = Float.float16ToFloat(stored) * (quants - 1) / 2;
    I16.set(target, at + 2, Float.floatToFloat16(middle));
    int scales = at + 4;
    long bitsOfScales = random.next();
    for (int s = 0; s < 4; s++) {
      int first = 32 | (int) (bitsOfScales >>> 10 * s & 31);
      int second = 32 | (int) (bitsOfScales >>> 10 * s + 5 & 31);
      // Six bits of sub-block s, and above them the upper two of sub-block s + 4.
      byte packed = (byte) (first | second >> 4 << 6);
      target[scales + s] = packed;
      target[scales + 4 + s] = packed;
      target[scales + 8 + s] = (byte) (second & 15 | (second & 15) << 4);
    }
    fill(random, target, at + 16, bits == 4 ? 128 : 160);
  }

  // ql[128] | qh[64] | scales i8[16] | d f16; value d * scale * (q - 32)
  private static void q6(double deviation, Counter random, byte[] target, int at) {
    fill(random, target, at, 192);
    for (int s = 0; s < 16; s += 8) {
      long bits = random.next();
      for (int i = 0; i < 8; i++) {
        int scale = 64 | (int) (bits >>> 8 * i & 63);
        boolean negative = (bits >>> 8 * i & 128) != 0;
        target[at + 192 + s + i] = (byte) (negative ? -scale : scale);
      }
    }
    double d = deviation / (SCALE_8_BIT * uniformDeviation(64));
    I16.set(target, at + 208, Float.floatToFloat16((float) d));
  }

  private static void fill(Counter random, byte[] target, int at, int bytes) {
    for (int i = 0; i < bytes; i += 8) {
      I64.set(target, at + i, random.next());
    }
  }

  /** The standard deviation of a uniform choice of 0…n-1. */
  private static double uniformDeviation(int n) {
    return Math.sqrt((n * (double) n - 1) / 12);
  }

  private static double rootMeanSquare(int first, int last) {
    double sum = 0;
    for (int i = first; i <= last; i++) {
      sum += (double) i * i;
    }
    return Math.sqrt(sum / (last - first + 1));
  }
}
