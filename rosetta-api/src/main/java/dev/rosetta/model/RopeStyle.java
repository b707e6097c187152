package dev.rosetta.model;

/** Which elements of a head the rotary embedding rotates together (Su et al., RoFormer, 2021). */
public enum RopeStyle {
  /** Pairs {@code (i, i + d/2)}: GPT-NeoX and Hugging Face order, ggml's NEOX. */
  HALF_SPLIT,
  /** Pairs {@code (2i, 2i + 1)}: Meta's original order, ggml's NORM. */
  INTERLEAVED
}
