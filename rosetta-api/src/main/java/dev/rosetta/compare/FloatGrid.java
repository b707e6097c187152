package dev.rosetta.compare;

import dev.rosetta.model.ElementType;
import java.util.Optional;

/**
 * The values that a binary floating-point type has: neighbours of a value of exponent e are 2^(e -
 * fraction bits) apart, and below the smallest normal exponent as there.
 *
 * <p>IEEE 754 for F16, F32 and F64; the OCP 8-bit and microscaling specifications for the others.
 *
 * @param fractionBits bits behind the point
 * @param smallestExponent of a normal value
 */
record FloatGrid(int fractionBits, int smallestExponent) {

  /** The grid of a type; empty for what is no float, and for powers of two. */
  static Optional<FloatGrid> of(ElementType type) {
    return switch (type) {
      case F64 -> Optional.of(new FloatGrid(52, -1022));
      case F32 -> Optional.of(new FloatGrid(23, -126));
      case F16 -> Optional.of(new FloatGrid(10, -14));
      case BF16 -> Optional.of(new FloatGrid(7, -126));
      case F8_E4M3 -> Optional.of(new FloatGrid(3, -6));
      case F8_E5M2 -> Optional.of(new FloatGrid(2, -14));
      case F8_E4M3FNUZ -> Optional.of(new FloatGrid(3, -7));
      case F8_E5M2FNUZ -> Optional.of(new FloatGrid(2, -15));
      case F6_E2M3 -> Optional.of(new FloatGrid(3, 0));
      case F6_E3M2 -> Optional.of(new FloatGrid(2, -2));
      case F4 -> Optional.of(new FloatGrid(1, 0));
      default -> Optional.empty();
    };
  }

  /** Distance of the neighbours of {@code value}; at least the smallest of float32. */
  float step(float value) {
    int exponent = (Float.floatToRawIntBits(value) >> 23 & 0xff) - 127;
    int power = Math.max(Math.max(exponent, smallestExponent) - fractionBits, -149);
    return power >= -126
        ? Float.intBitsToFloat((power + 127) << 23)
        : Float.intBitsToFloat(1 << power + 149);
  }

  /** The grid that is left of this one when its values are stored on a {@code wider} one. */
  FloatGrid within(FloatGrid wider) {
    return new FloatGrid(
        fractionBits,
        Math.max(smallestExponent, wider.smallestExponent - wider.fractionBits + fractionBits));
  }

  /** The grid whose half steps hold the errors of this one and of a wider one behind it. */
  FloatGrid rounded() {
    return new FloatGrid(fractionBits, smallestExponent + 1);
  }

  /** Whether {@code value} is on the grid, whatever the largest value of the type. */
  boolean has(float value) {
    double steps = (double) value / step(value);
    return steps == Math.rint(steps);
  }

  /** Bound on the squared steps of {@code count} values whose squares sum up to {@code energy}. */
  double squaredSteps(double energy, int count) {
    return Math.scalb(energy, -2 * fractionBits)
        + count * Math.scalb(1.0, Math.max(2 * (smallestExponent - fractionBits), -600));
  }
}
