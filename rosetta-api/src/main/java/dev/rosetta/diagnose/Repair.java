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

  /** The first layer that it may change: in front of it, a pass stays as it was. */
  int firstLayer();

  /** The layer from which on it changes no operation: behind the last one in doubt. */
  int endLayer();

  /** Another weight in place of the one of its role, or in a place that was empty. */
  record ReplaceWeight(Side side, Weight weight) implements Repair {
    @Override
    public Model applyTo(Model model) {
      return model.with(weight);
    }

    @Override
    public int firstLayer() {
      return switch (weight.role().part()) {
        case FINAL_NORM, OUTPUT -> Integer.MAX_VALUE;
        default -> Math.max(weight.role().layer(), 0);
      };
    }

    @Override
    public int endLayer() {
      return weight.role().layer() >= 0 ? weight.role().layer() + 1 : Integer.MAX_VALUE;
    }
  }

  /** Another value of a config field. */
  record ReplaceField(Side side, ConfigField field, ConfigValue value) implements Repair {
    @Override
    public Model applyTo(Model model) {
      return model.with(model.config().with(field, value));
    }

    @Override
    public int firstLayer() {
      return 0;
    }

    @Override
    public int endLayer() {
      return Integer.MAX_VALUE;
    }
  }
}
