package dev.rosetta.diagnose;

import dev.rosetta.Side;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;

/** A change to one side's model in memory that a diagnosis predicts to remove a divergence. */
public sealed interface Repair {

  /** The side that is changed. */
  Side side();

  /** {@code model} with the change applied. */
  Model applyTo(Model model);

  /** Another weight in place of the one of its role, or in a place that was empty. */
  record ReplaceWeight(Side side, Weight weight) implements Repair {
    @Override
    public Model applyTo(Model model) {
      return model.with(weight);
    }
  }

  /** Another value of a config field. */
  record ReplaceField(Side side, ConfigField field, ConfigValue value) implements Repair {
    @Override
    public Model applyTo(Model model) {
      return model.with(model.config().with(field, value));
    }
  }
}
