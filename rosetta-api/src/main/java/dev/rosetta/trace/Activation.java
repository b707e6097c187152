package dev.rosetta.trace;

import java.util.Arrays;

/**
 * The values at one capture point.
 *
 * @param tokens number of prompt positions
 * @param width values per position
 * @param values {@code tokens * width} float32, row-major; not to be modified
 */
public record Activation(int tokens, int width, float[] values) {

  /**
   * @throws IllegalArgumentException if the number of values is not {@code tokens * width}
   */
  public Activation {
    if (tokens < 0 || width < 0 || values.length != Math.multiplyExact(tokens, width)) {
      throw new IllegalArgumentException(
          values.length + " values for [" + tokens + ", " + width + "]");
    }
  }

  /** The value of channel {@code channel} at position {@code token}. */
  public float at(int token, int channel) {
    return values[token * width + channel];
  }

  /** The positions from {@code from} to before {@code to}, as an activation of their own. */
  public Activation positions(int from, int to) {
    return from == 0 && to == tokens
        ? this
        : new Activation(to - from, width, Arrays.copyOfRange(values, from * width, to * width));
  }

  /** Whether no value is NaN or infinite. */
  public boolean isFinite() {
    return isFinite(0, tokens);
  }

  /**
   * Whether no value at the positions from {@code from} to before {@code to} is NaN or infinite.
   */
  public boolean isFinite(int from, int to) {
    // The exponent of every value at once, without a branch: compilers make vector code of it.
    int largest = 0;
    for (int i = from * width; i < to * width; i++) {
      largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
    }
    return largest < Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
  }
}
