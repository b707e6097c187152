package dev.rosetta.formats.safetensors;

import dev.rosetta.model.ElementType;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/** Element types that SafeTensors can hold; its dtype names are those of {@link ElementType}. */
final class Dtypes {
  private static final Set<ElementType> STORABLE =
      EnumSet.of(
          ElementType.BOOL,
          ElementType.U8,
          ElementType.I8,
          ElementType.U16,
          ElementType.I16,
          ElementType.U32,
          ElementType.I32,
          ElementType.U64,
          ElementType.I64,
          ElementType.F16,
          ElementType.BF16,
          ElementType.F32,
          ElementType.F64,
          ElementType.C64,
          ElementType.F8_E4M3,
          ElementType.F8_E5M2,
          ElementType.F8_E8M0,
          ElementType.F8_E4M3FNUZ,
          ElementType.F8_E5M2FNUZ,
          ElementType.F6_E2M3,
          ElementType.F6_E3M2,
          ElementType.F4);

  private Dtypes() {}

  /** The type that {@code dtype} names. */
  static Optional<ElementType> parse(String dtype) {
    return STORABLE.stream().filter(type -> type.name().equals(dtype)).findFirst();
  }

  /** Whether a SafeTensors file can state this type. */
  static boolean canStore(ElementType type) {
    return STORABLE.contains(type);
  }
}
