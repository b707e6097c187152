package dev.rosetta;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;

/** One effective config field on both sides. */
public record ConfigComparison(ConfigField field, ConfigValue a, ConfigValue b, boolean equal) {}
