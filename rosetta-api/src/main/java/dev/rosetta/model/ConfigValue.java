package dev.rosetta.model;

/**
 * The effective value of a {@link ConfigField} and where it comes from.
 *
 * @param value {@link Long}, {@link Double}, {@link Boolean}, {@link String}, {@link RopeStyle} or
 *     {@link RopeScaling}, as the field says
 * @param origin how the value came about
 * @param detail the metadata key, the tensor, or the rule: {@code llama.block_count}
 */
public record ConfigValue(Object value, Origin origin, String detail) {

  /** How an effective value came about. */
  public enum Origin {
    /** A metadata key states it. */
    STATED,
    /** It follows from a tensor's shape or presence, or from other fields. */
    DERIVED,
    /** The file is silent; the architecture's default holds. */
    DEFAULT
  }
}
