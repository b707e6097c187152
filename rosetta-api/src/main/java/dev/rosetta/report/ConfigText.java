package dev.rosetta.report;

import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;
import java.util.Locale;

/** Effective config values in words. */
final class ConfigText {
  private ConfigText() {}

  /** {@code 64}, {@code 10000}, {@code half_split}, {@code linear(factor 4)}. */
  static String value(ConfigValue value) {
    return switch (value.value()) {
      case Double number -> NumberText.of(number, 8);
      case RopeStyle style -> style.name().toLowerCase(Locale.ROOT);
      case RopeScaling scaling -> scaling(scaling);
      case Object other -> other.toString();
    };
  }

  /** {@code stated by llama.block_count}. */
  static String origin(ConfigValue value) {
    return switch (value.origin()) {
      case STATED -> "stated by " + value.detail();
      case DERIVED -> "derived from " + value.detail();
      case DEFAULT -> "default: " + value.detail();
    };
  }

  private static String scaling(RopeScaling scaling) {
    String kind = scaling.kind().name().toLowerCase(Locale.ROOT);
    String factor = "factor " + NumberText.of(scaling.factor(), 8);
    return switch (scaling.kind()) {
      case NONE -> kind;
      case LINEAR -> kind + "(" + factor + ")";
      case LLAMA3 ->
          String.format(
              Locale.ROOT,
              "%s(%s, low %s, high %s, original context %d)",
              kind,
              factor,
              NumberText.of(scaling.lowFrequencyFactor(), 8),
              NumberText.of(scaling.highFrequencyFactor(), 8),
              scaling.originalContext());
      case YARN ->
          String.format(
              Locale.ROOT,
              "%s(%s, original context %d, beta %s to %s)",
              kind,
              factor,
              scaling.originalContext(),
              NumberText.of(scaling.betaFast(), 8),
              NumberText.of(scaling.betaSlow(), 8));
    };
  }
}
