package dev.rosetta.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as the text report writes them: four significant digits, no exponent where avoidable. */
final class NumberText {
  private static final double SMALLEST_PLAIN = 1e-5;
  private static final double LARGEST_PLAIN = 1e7;

  private NumberText() {}

  static String of(double value) {
    return of(value, 4);
  }

  /**
   * {@code value} rounded to {@code digits} significant digits; {@code nan} and {@code inf} by
   * name.
   */
  static String of(double value, int digits) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return "0";
    }
    double magnitude = Math.abs(value);
    if (magnitude < SMALLEST_PLAIN || magnitude >= LARGEST_PLAIN) {
      String scientific = String.format(Locale.ROOT, "%." + (digits - 1) + "e", value);
      return scientific.replaceFirst("\\.?0*e", "e");
    }
    return new BigDecimal(value)
        .round(new MathContext(digits))
        .stripTrailingZeros()
        .toPlainString();
  }

  /** A count with its noun: {@code 1 point}, {@code 3 points}. */
  static String count(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }
}
