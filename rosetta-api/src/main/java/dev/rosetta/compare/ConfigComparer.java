package dev.rosetta.compare;

import dev.rosetta.ConfigComparison;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.normalize.Model;
import java.util.ArrayList;
import java.util.List;

/** Compares two effective configurations field by field. */
public final class ConfigComparer {
  /** Two decimal spellings of one float32 differ by less; two settings that matter by far more. */
  private static final double RELATIVE_TOLERANCE = 1e-6;

  private ConfigComparer() {}

  /** Every field of both configurations. */
  public static List<ConfigComparison> compare(Model a, Model b) {
    List<ConfigComparison> fields = new ArrayList<>();
    for (ConfigField field : ConfigField.values()) {
      ConfigValue left = a.config().field(field);
      ConfigValue right = b.config().field(field);
      boolean equal = equal(left.value(), right.value());
      if (field == ConfigField.ROPE_SCALING && !equal) {
        equal = FrequencyFactors.stateTheSame(a, b);
      }
      fields.add(new ConfigComparison(field, left, right, equal));
    }
    return fields;
  }

  private static boolean equal(Object a, Object b) {
    if (a instanceof Double x && b instanceof Double y) {
      return Math.abs(x - y) <= RELATIVE_TOLERANCE * Math.max(Math.abs(x), Math.abs(y));
    }
    return a.equals(b);
  }
}
