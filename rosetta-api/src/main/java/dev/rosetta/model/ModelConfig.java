package dev.rosetta.model;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/** The effective configuration of a model: every {@link ConfigField} with its origin. */
public record ModelConfig(Map<ConfigField, ConfigValue> fields) {

  /**
   * @throws IllegalArgumentException if a field is absent
   */
  public ModelConfig {
    EnumMap<ConfigField, ConfigValue> copy = new EnumMap<>(fields);
    for (ConfigField field : ConfigField.values()) {
      if (!copy.containsKey(field)) {
        throw new IllegalArgumentException("no value for " + field.label());
      }
    }
    fields = Collections.unmodifiableMap(copy);
  }

  public ConfigValue field(ConfigField field) {
    ConfigValue value = fields.get(field);
    if (value == null) {
      throw new IllegalStateException("no value for " + field.label());
    }
    return value;
  }

  public String architecture() {
    return (String) field(ConfigField.ARCHITECTURE).value();
  }

  public int layers() {
    return count(ConfigField.NUM_LAYERS);
  }

  public int hiddenSize() {
    return count(ConfigField.HIDDEN_SIZE);
  }

  public int intermediateSize() {
    return count(ConfigField.INTERMEDIATE_SIZE);
  }

  public int heads() {
    return count(ConfigField.NUM_HEADS);
  }

  public int kvHeads() {
    return count(ConfigField.NUM_KV_HEADS);
  }

  public int headDim() {
    return count(ConfigField.HEAD_DIM);
  }

  public int vocabSize() {
    return count(ConfigField.VOCAB_SIZE);
  }

  public RopeStyle ropeStyle() {
    return (RopeStyle) field(ConfigField.ROPE_STYLE).value();
  }

  public double ropeTheta() {
    return (double) field(ConfigField.ROPE_THETA).value();
  }

  public RopeScaling ropeScaling() {
    return (RopeScaling) field(ConfigField.ROPE_SCALING).value();
  }

  public double rmsNormEps() {
    return (double) field(ConfigField.RMS_NORM_EPS).value();
  }

  public boolean tiedEmbeddings() {
    return (boolean) field(ConfigField.TIED_EMBEDDINGS).value();
  }

  public double attentionScale() {
    return (double) field(ConfigField.ATTENTION_SCALE).value();
  }

  public long slidingWindow() {
    return (long) field(ConfigField.SLIDING_WINDOW).value();
  }

  /** This configuration with one field replaced. */
  public ModelConfig with(ConfigField field, ConfigValue value) {
    EnumMap<ConfigField, ConfigValue> copy = new EnumMap<>(fields);
    copy.put(field, value);
    return new ModelConfig(copy);
  }

  private int count(ConfigField field) {
    return Math.toIntExact((long) field(field).value());
  }
}
