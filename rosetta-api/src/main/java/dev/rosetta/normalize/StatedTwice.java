package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.normalize.ConfigKeys.Stated;
import java.util.List;
import java.util.Objects;

/**
 * Fields that one config states twice, with two values: the model then depends on who loads it.
 * Said even where the other side agrees with one of them.
 */
final class StatedTwice {
  /** Decimal spellings of one float32 differ by less. */
  private static final double RELATIVE_TOLERANCE = 1e-6;

  private final ModelSource source;
  private final ConfigKeys keys;

  StatedTwice(ModelSource source, ConfigKeys keys) {
    this.source = source;
    this.keys = keys;
  }

  void find(List<Finding> findings) {
    for (ConfigField field : ConfigField.values()) {
      if (!isOneThing(field)) {
        continue;
      }
      List<Stated> all = keys.all(field);
      if (all.isEmpty()) {
        continue;
      }
      Stated taken = all.getFirst();
      all.stream()
          .filter(other -> !isSame(taken.value(), other.value()))
          .findFirst()
          .ifPresent(other -> findings.add(finding(field, taken, other)));
    }
  }

  /** Keys of the others do not mean the same in every file: names of types, padded vocabularies. */
  private static boolean isOneThing(ConfigField field) {
    return switch (field) {
      case ARCHITECTURE, VOCAB_SIZE, ACTIVATION -> false;
      default -> true;
    };
  }

  private static boolean isSame(Object a, Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      double larger = Math.max(Math.abs(x.doubleValue()), Math.abs(y.doubleValue()));
      return Math.abs(x.doubleValue() - y.doubleValue()) <= RELATIVE_TOLERANCE * larger;
    }
    return Objects.equals(a, b);
  }

  private Finding finding(ConfigField field, Stated taken, Stated other) {
    return new Finding(
        DiagnosisCode.CONFIG_MISMATCH,
        Severity.WARNING,
        field.label(),
        null,
        taken.key()
            + " is "
            + taken.value()
            + " and "
            + other.key()
            + " is "
            + other.value()
            + ": "
            + loaders(field, taken, other),
        "find out which value the model was trained with and state it in both places");
  }

  private String loaders(ConfigField field, Stated taken, Stated other) {
    if (source.dialect() == MetadataDialect.HUGGING_FACE && field == ConfigField.ROPE_THETA) {
      return "transformers 5 and llama.cpp's present converter take the first, as is done here;"
          + " transformers 4, what builds on it and older converters take the second";
    }
    if (field == ConfigField.TIED_EMBEDDINGS) {
      return "loaders differ in which of them they take; here it is the first";
    }
    return "a loader takes the spelling that it knows; here it is "
        + taken.key()
        + ", not "
        + other.key();
  }
}
