package dev.rosetta.spi;

import dev.rosetta.model.ElementType;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/** The element codecs at hand, one per type. Immutable and thread-safe. */
public final class ElementCodecs {
  private final Map<ElementType, ElementCodec> byType = new EnumMap<>(ElementType.class);

  /**
   * @throws IllegalArgumentException if two codecs claim the same type
   */
  public ElementCodecs(Iterable<ElementCodec> codecs) {
    for (ElementCodec codec : codecs) {
      ElementCodec other = byType.putIfAbsent(codec.type(), codec);
      if (other != null) {
        throw new IllegalArgumentException(
            "both "
                + other.getClass().getName()
                + " and "
                + codec.getClass().getName()
                + " decode "
                + codec.type());
      }
    }
  }

  /** Every codec that {@link ServiceLoader} finds. */
  public static ElementCodecs load() {
    return new ElementCodecs(ServiceLoader.load(ElementCodec.class));
  }

  /** The codec of {@code type}; empty if values of this type cannot be decoded. */
  public Optional<ElementCodec> codec(ElementType type) {
    return Optional.ofNullable(byType.get(type));
  }
}
