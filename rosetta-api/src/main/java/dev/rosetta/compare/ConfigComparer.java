package dev.rosetta.compare;

import dev.rosetta.ConfigComparison;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
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
        equal = sameByFrequencyFactors(a, b);
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

  /**
   * GGUF states llama-3 scaling as a tensor of frequency factors, Hugging Face as parameters; the
   * rotated activations are compared either way.
   */
  private static boolean sameByFrequencyFactors(Model a, Model b) {
    return statesFactors(a) && hasParameters(b) || statesFactors(b) && hasParameters(a);
  }

  private static boolean statesFactors(Model model) {
    return model.weight(TensorRole.weight(Part.ROPE_FREQS)).isPresent();
  }

  private static boolean hasParameters(Model model) {
    return model.config().ropeScaling().kind() == RopeScaling.Kind.LLAMA3;
  }
}
