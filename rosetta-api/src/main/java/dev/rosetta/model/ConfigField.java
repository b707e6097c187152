package dev.rosetta.model;

import java.util.Locale;

/** The fields of an effective configuration; {@link #label()} is their name in reports. */
public enum ConfigField {
  /** Graph family, {@link String}: {@code llama}, {@code qwen2}, {@code qwen3}. */
  ARCHITECTURE,
  NUM_LAYERS,
  HIDDEN_SIZE,
  INTERMEDIATE_SIZE,
  NUM_HEADS,
  NUM_KV_HEADS,
  HEAD_DIM,
  VOCAB_SIZE,
  /** {@link RopeStyle} in terms of Q/K rows in half-split order. */
  ROPE_STYLE,
  /** Base of the rotary frequencies, {@link Double}. */
  ROPE_THETA,
  /** {@link RopeScaling}. */
  ROPE_SCALING,
  /** {@link Double}. */
  RMS_NORM_EPS,
  /** {@link Boolean}. */
  TIED_EMBEDDINGS,
  /** {@link String}: {@code silu}. */
  ACTIVATION,
  /** Factor on attention scores, {@link Double}; usually 1/sqrt(head_dim). */
  ATTENTION_SCALE,
  /** Tokens a query can look back, {@link Long}; 0 for no limit. */
  SLIDING_WINDOW;

  /** The name in reports, {@code rope_theta}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
