package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The block layouts written a second time, over byte arrays, in double precision with one final
 * rounding, in the order in which the format description walks through a block.
 */
final class ReferenceDecoder {
  private static final int[] IQ4 = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };
  private static final double[] E2M1 = {0, .5, 1, 1.5, 2, 3, 4, 6};

  private ReferenceDecoder() {}

  static double[] decodeBlock(ElementType type, byte[] b) {
    double[] v = new double[type.blockElements()];
    switch (type) {
      case Q4_0, IQ4_NL, APR_Q4 -> {
        for (int k = 0; k < 32; k++) {
          int q =
              type == ElementType.APR_Q4
                  ? nibble(b[2 + k / 2], k % 2)
                  : nibble(b[2 + k % 16], k / 16);
          v[k] = half(b, 0) * (type == ElementType.IQ4_NL ? IQ4[q] : q - 8);
        }
      }
      case Q4_1 -> {
        for (int k = 0; k < 32; k++) {
          v[k] = half(b, 0) * nibble(b[4 + k % 16], k / 16) + half(b, 2);
        }
      }
      case Q5_0, Q5_1 -> {
        int at = type == ElementType.Q5_0 ? 2 : 4;
        for (int k = 0; k < 32; k++) {
          int q = nibble(b[at + 4 + k % 16], k / 16) + 16 * bit(b[at + k / 8], k % 8);
          v[k] = type == ElementType.Q5_0 ? half(b, 0) * (q - 16) : half(b, 0) * q + half(b, 2);
        }
      }
      case Q8_0 -> {
        for (int k = 0; k < 32; k++) {
          v[k] = half(b, 0) * b[2 + k];
        }
      }
      case Q2_K, Q3_K -> twoBitPlanes(type, b, v);
      case Q4_K, Q5_K -> {
        int qs = type == ElementType.Q4_K ? 16 : 48;
        for (int k = 0; k < 256; k++) {
          int j = k / 32;
          int scale;
          int min;
          if (j < 4) {
            scale = b[4 + j] & 63;
            min = b[4 + j + 4] & 63;
          } else {
            scale = (b[4 + j + 4] & 15) + 16 * ((b[4 + j - 4] & 0xff) >> 6);
            min = ((b[4 + j + 4] & 0xff) >> 4) + 16 * ((b[4 + j] & 0xff) >> 6);
          }
          int q = nibble(b[qs + 32 * (k / 64) + k % 32], j % 2);
          if (type == ElementType.Q5_K) {
            q += 16 * bit(b[16 + k % 32], j);
          }
          v[k] = half(b, 0) * scale * q - half(b, 2) * min;
        }
      }
      case Q6_K -> {
        for (int h = 0; h < 2; h++) {
          for (int l = 0; l < 32; l++) {
            int high = b[128 + 32 * h + l] & 0xff;
            int[] q = {
              nibble(b[64 * h + l], 0) + 16 * (high & 3),
              nibble(b[64 * h + 32 + l], 0) + 16 * (high / 4 & 3),
              nibble(b[64 * h + l], 1) + 16 * (high / 16 & 3),
              nibble(b[64 * h + 32 + l], 1) + 16 * (high / 64)
            };
            for (int k = 0; k < 4; k++) {
              int position = l + 32 * k;
              v[128 * h + position] = half(b, 208) * b[192 + 8 * h + position / 16] * (q[k] - 32);
            }
          }
        }
      }
      case IQ4_XS -> {
        int high = (b[2] & 0xff) | (b[3] & 0xff) << 8;
        for (int k = 0; k < 256; k++) {
          int j = k / 32;
          int scale = nibble(b[4 + j / 2], j % 2) + 16 * (high >> 2 * j & 3);
          int q = nibble(b[8 + 16 * j + k % 16], k % 32 / 16);
          v[k] = half(b, 0) * (scale - 32) * IQ4[q];
        }
      }
      case MXFP4 -> {
        for (int k = 0; k < 32; k++) {
          int q = nibble(b[1 + k % 16], k / 16);
          v[k] = Math.pow(2, (b[0] & 0xff) - 127) * E2M1[q % 8] * (q < 8 ? 1 : -1);
        }
      }
      default -> throw new AssertionError(type);
    }
    return v;
  }

  private static void twoBitPlanes(ElementType type, byte[] b, double[] v) {
    for (int k = 0; k < 256; k++) {
      int h = k / 128;
      int j = k % 128 / 32;
      int l = k % 32;
      int s = 8 * h + 2 * j + l / 16;
      if (type == ElementType.Q2_K) {
        int q = (b[16 + 32 * h + l] & 0xff) >> 2 * j & 3;
        v[k] = half(b, 80) * nibble(b[s], 0) * q - half(b, 82) * nibble(b[s], 1);
      } else {
        int q = ((b[32 + 32 * h + l] & 0xff) >> 2 * j & 3) - 4 + 4 * bit(b[l], 4 * h + j);
        int low = s < 8 ? nibble(b[96 + s], 0) : nibble(b[96 + s - 8], 1);
        int high = (b[96 + 8 + s % 4] & 0xff) >> 2 * (s / 4) & 3;
        v[k] = half(b, 108) * (low + 16 * high - 32) * q;
      }
    }
  }

  private static int nibble(byte b, int which) {
    return which == 0 ? b & 15 : (b & 0xff) / 16;
  }

  private static int bit(byte b, int k) {
    return b >> k & 1;
  }

  private static double half(byte[] b, int at) {
    int bits = ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getShort(at) & 0xffff;
    int exponent = bits >> 10 & 31;
    int mantissa = bits & 1023;
    double magnitude =
        exponent == 0
            ? mantissa * Math.pow(2, -24)
            : (1024 + mantissa) * Math.pow(2, exponent - 25);
    return bits < 0x8000 ? magnitude : -magnitude;
  }
}
