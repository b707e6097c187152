package dev.rosetta.formats.quant;

import dev.rosetta.model.ElementType;
import java.util.Optional;

/**
 * Encodes float32 values as one element type. The same values give the same bytes. Implementations
 * are stateless and thread-safe, so rows can be encoded in parallel.
 */
public interface ElementEncoder {

  ElementType type();

  /**
   * Encodes {@code source[from … from + elements)} as whole blocks to {@code target[at…]}.
   *
   * @param elements a multiple of the type's block size
   * @throws IndexOutOfBoundsException if the source or the target is too short
   * @throws IllegalArgumentException if the type is quantised and a value is not finite, or too
   *     large for the scale of its block
   */
  void encode(float[] source, int from, int elements, byte[] target, int at);

  /** The encoder of {@code type}; empty if there is none. */
  static Optional<ElementEncoder> of(ElementType type) {
    return switch (type) {
      case F32 -> Optional.of(new FloatEncoders.F32());
      case F16 -> Optional.of(new FloatEncoders.F16());
      case BF16 -> Optional.of(new FloatEncoders.BF16());
      case Q4_0 -> Optional.of(new SmallBlockEncoders.Q4_0());
      case Q4_1 -> Optional.of(new SmallBlockEncoders.Q4_1());
      case Q5_0 -> Optional.of(new SmallBlockEncoders.Q5_0());
      case Q5_1 -> Optional.of(new SmallBlockEncoders.Q5_1());
      case Q8_0 -> Optional.of(new SmallBlockEncoders.Q8_0());
      case Q2_K -> Optional.of(new Q2_KEncoder());
      case Q3_K -> Optional.of(new Q3_KEncoder());
      case Q4_K -> Optional.of(new Q45_KEncoder(ElementType.Q4_K));
      case Q5_K -> Optional.of(new Q45_KEncoder(ElementType.Q5_K));
      case Q6_K -> Optional.of(new Q6_KEncoder());
      default -> Optional.empty();
    };
  }
}
