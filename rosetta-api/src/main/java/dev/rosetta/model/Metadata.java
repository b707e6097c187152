package dev.rosetta.model;

import java.util.Optional;
import java.util.SequencedSet;

/**
 * The key-value pairs that a file states about its model, untouched.
 *
 * <p>A value is one of {@link Boolean}, {@link Long} (any integer type; unsigned 64-bit values
 * above the signed range as {@link java.math.BigInteger}), {@link Double} (any float type; a
 * float32 is widened by its shortest decimal form, so that 1e-6f reads as 1.0e-6), {@link String},
 * {@link java.util.List} of such values, or {@link java.util.Map} from string to such values. Long
 * lists may be decoded on first use. Implementations are immutable and thread-safe.
 */
public interface Metadata {

  /** Keys in file order. */
  SequencedSet<String> keys();

  /** The value of {@code key}; empty where the key is absent or its value is a JSON null. */
  Optional<Object> value(String key);

  /**
   * A one-line name of the value's declared type, for listings: {@code u32}, {@code
   * string[151936]}.
   */
  String typeName(String key);
}
