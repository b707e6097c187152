package dev.rosetta.formats.packed;

import dev.rosetta.spi.ElementCodec;
import java.util.Arrays;

/**
 * What each code stands for, before scale and zero point.
 *
 * @param values the level of each code
 * @param steps distance to the farther of a level's neighbours; 0 for what is not finite
 * @param reaches how far from its level a value of the source may have been: half a step, and a
 *     whole one at the ends of the range, where quantisers cut off what lies beyond
 */
record Levels(float[] values, float[] steps, float[] reaches) {

  /** The four-bit float of the OCP specification: sign, two exponent bits, one mantissa bit. */
  static Levels e2m1() {
    float[] halves = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
    float[] values = new float[16];
    for (int code = 0; code < 16; code++) {
      values[code] = code < 8 ? halves[code] : -halves[code - 8];
    }
    return of(values, true);
  }

  /** Integers of {@code bits} bits, code {@code 0} being {@code lowest}. */
  static Levels integers(int bits, int lowest) {
    float[] values = new float[1 << bits];
    for (int code = 0; code < values.length; code++) {
      values[code] = code + lowest;
    }
    return of(values, true);
  }

  /** Signed bytes in two's complement. */
  static Levels signedBytes() {
    float[] values = new float[256];
    for (int code = 0; code < values.length; code++) {
      values[code] = (byte) code;
    }
    return of(values, true);
  }

  /** The values of an eight-bit float type. */
  static Levels of(ElementCodec codec) {
    byte[] codes = new byte[256];
    for (int code = 0; code < codes.length; code++) {
      codes[code] = (byte) code;
    }
    float[] values = new float[256];
    codec.decode(codes, 0, values, 0, codes.length);
    return of(values, true);
  }

  /**
   * Any values.
   *
   * @param clips whether source values beyond the ends are cut off
   */
  static Levels of(float[] values, boolean clips) {
    float[] sorted = new float[values.length];
    int finite = 0;
    for (float value : values) {
      if (Float.isFinite(value)) {
        sorted[finite++] = value + 0f; // -0 is 0
      }
    }
    Arrays.sort(sorted, 0, finite);
    int distinct = 0;
    for (int i = 0; i < finite; i++) {
      if (i == 0 || sorted[i] != sorted[i - 1]) {
        sorted[distinct++] = sorted[i];
      }
    }
    float[] steps = new float[values.length];
    float[] reaches = new float[values.length];
    for (int code = 0; code < values.length; code++) {
      if (Float.isFinite(values[code])) {
        int at = Arrays.binarySearch(sorted, 0, distinct, values[code] + 0f);
        float below = at > 0 ? sorted[at] - sorted[at - 1] : 0;
        float above = at < distinct - 1 ? sorted[at + 1] - sorted[at] : 0;
        steps[code] = Math.max(below, above);
        reaches[code] = clips && (below == 0 || above == 0) ? steps[code] : steps[code] / 2;
      }
    }
    return new Levels(values, steps, reaches);
  }
}
