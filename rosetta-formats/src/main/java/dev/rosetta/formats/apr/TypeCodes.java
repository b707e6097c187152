package dev.rosetta.formats.apr;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import java.util.List;
import java.util.Optional;

/**
 * What an index entry's type byte means. Producers gave one code several meanings over time, so the
 * entry's size decides between those that are known; the table is closed.
 */
final class TypeCodes {
  private TypeCodes() {}

  /**
   * The encoding of a tensor.
   *
   * @param legacy whether this is not what current writers mean by the code
   * @param alternative another reading that fits code and size equally well, as a phrase, or empty
   */
  record Encoding(ElementType type, BlockLayout layout, boolean legacy, String alternative) {}

  /** Known meanings of a code, likeliest first; empty for an unknown code. */
  static List<ElementType> candidates(int code, boolean code8IsQ4K) {
    return switch (code) {
      case 0 ->
          List.of(
              ElementType.F32,
              ElementType.Q8_0,
              ElementType.Q5_0,
              ElementType.Q5_1,
              ElementType.Q5_K,
              ElementType.Q4_0,
              ElementType.Q4_1);
      case 1 -> List.of(ElementType.F16);
      case 2 -> List.of(ElementType.BF16, ElementType.Q4_0);
      case 3 -> List.of(ElementType.F64, ElementType.Q4_1, ElementType.I8);
      case 4 -> List.of(ElementType.I32, ElementType.I16);
      case 5 -> List.of(ElementType.I64, ElementType.I32);
      case 6 -> List.of(ElementType.I8, ElementType.Q5_0, ElementType.I64);
      case 7 -> List.of(ElementType.U8, ElementType.Q5_1);
      case 8 ->
          code8IsQ4K
              ? List.of(ElementType.Q8_0, ElementType.Q4_K, ElementType.APR_Q4)
              : List.of(ElementType.Q8_0, ElementType.APR_Q4, ElementType.Q4_K);
      case 9 -> List.of(ElementType.APR_Q8, ElementType.Q8_1, ElementType.Q6_K);
      case 10 -> List.of(ElementType.Q2_K, ElementType.Q8_0);
      case 11 -> List.of(ElementType.Q3_K);
      case 12 -> List.of(ElementType.Q4_K);
      case 13 -> List.of(ElementType.Q5_K);
      case 14 -> List.of(ElementType.Q6_K);
      case 16 -> List.of(ElementType.IQ2_XXS);
      case 17 -> List.of(ElementType.IQ2_XS);
      case 30 -> List.of(ElementType.BF16);
      case 128 -> List.of(ElementType.APR_Q4);
      case 129 -> List.of(ElementType.APR_Q8);
      default -> List.of();
    };
  }

  /** The code that current writers use for {@code type}; empty where there is none. */
  static Optional<Integer> code(ElementType type) {
    return Optional.ofNullable(
        switch (type) {
          case F32 -> 0;
          case F16 -> 1;
          case F64 -> 3;
          case I32 -> 4;
          case I64 -> 5;
          case I8 -> 6;
          case U8 -> 7;
          case Q4_K -> 12;
          case Q6_K -> 14;
          case BF16 -> 30;
          case APR_Q4 -> 128;
          case APR_Q8 -> 129;
          default -> null;
        });
  }

  /**
   * The meaning of {@code code} that takes {@code byteSize} bytes for these dimensions; empty if
   * none does.
   *
   * @param elements product of {@code dims}
   */
  static Optional<Encoding> resolve(
      int code, boolean code8IsQ4K, List<Long> dims, long elements, long byteSize) {
    List<ElementType> candidates = candidates(code, code8IsQ4K);
    for (int i = 0; i < candidates.size(); i++) {
      ElementType type = candidates.get(i);
      Optional<BlockLayout> layout = layout(type, dims, elements, byteSize);
      if (layout.isEmpty()) {
        continue;
      }
      boolean legacy = code(type).map(current -> current != code).orElse(true);
      String alternative = "";
      if (layout.get() == BlockLayout.ROW_ALIGNED && rowsAreAmbiguous(type, dims, elements)) {
        alternative = "rows that are not padded to whole blocks";
      }
      // Code 8 is decided by its producer, see code8IsQ4K.
      for (ElementType other : candidates.subList(i + 1, candidates.size())) {
        if (code != 8
            && type.isQuantized()
            && layout(other, dims, elements, byteSize).isPresent()) {
          alternative = other.name();
        }
      }
      return Optional.of(new Encoding(type, layout.get(), legacy, alternative));
    }
    return Optional.empty();
  }

  private static Optional<BlockLayout> layout(
      ElementType type, List<Long> dims, long elements, long byteSize) {
    if (type == ElementType.APR_Q8) {
      return byteSize == aprQ8Bytes(elements)
          ? Optional.of(BlockLayout.ROW_ALIGNED)
          : Optional.empty();
    }
    int block = type.blockElements();
    boolean wholeRows = dims.isEmpty() ? block == 1 : dims.getLast() % block == 0;
    boolean flatFits = bytes(type, elements) == byteSize;
    if (type == ElementType.APR_Q4) {
      return flatFits ? Optional.of(BlockLayout.FLAT) : Optional.empty();
    }
    if (wholeRows) {
      return flatFits ? Optional.of(BlockLayout.ROW_ALIGNED) : Optional.empty();
    }
    if (dims.size() == 2 && paddedBytes(type, dims) == byteSize) {
      return Optional.of(BlockLayout.ROW_ALIGNED);
    }
    return flatFits ? Optional.of(BlockLayout.FLAT) : Optional.empty();
  }

  private static boolean rowsAreAmbiguous(ElementType type, List<Long> dims, long elements) {
    return dims.size() == 2
        && dims.getFirst() > 1
        && dims.getLast() % type.blockElements() != 0
        && bytes(type, elements) == paddedBytes(type, dims);
  }

  /** One float32 scale and a byte for each element; nothing at all for an empty tensor. */
  static long aprQ8Bytes(long elements) {
    return elements == 0 ? 0 : elements > Long.MAX_VALUE - 4 ? -1 : elements + 4;
  }

  /** Bytes of blocks that run over all elements; -1 if beyond 2^63. */
  private static long bytes(ElementType type, long elements) {
    long blocks = Math.ceilDiv(elements, type.blockElements());
    return multiply(blocks, type.blockBytes());
  }

  /** Bytes of rows that are padded to whole blocks each; -1 if beyond 2^63. */
  private static long paddedBytes(ElementType type, List<Long> dims) {
    long blocks = multiply(dims.get(0), Math.ceilDiv(dims.get(1), type.blockElements()));
    return blocks < 0 ? -1 : multiply(blocks, type.blockBytes());
  }

  private static long multiply(long a, long b) {
    return Math.multiplyHigh(a, b) == 0 && a * b >= 0 ? a * b : -1;
  }
}
