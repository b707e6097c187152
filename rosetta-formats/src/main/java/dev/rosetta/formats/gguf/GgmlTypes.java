package dev.rosetta.formats.gguf;

import dev.rosetta.model.ElementType;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** The ids of {@code ggml_type}, as in ggml's {@code ggml.h}. */
final class GgmlTypes {
  private static final Map<Integer, ElementType> BY_ID =
      Map.ofEntries(
          Map.entry(0, ElementType.F32),
          Map.entry(1, ElementType.F16),
          Map.entry(2, ElementType.Q4_0),
          Map.entry(3, ElementType.Q4_1),
          Map.entry(6, ElementType.Q5_0),
          Map.entry(7, ElementType.Q5_1),
          Map.entry(8, ElementType.Q8_0),
          Map.entry(9, ElementType.Q8_1),
          Map.entry(10, ElementType.Q2_K),
          Map.entry(11, ElementType.Q3_K),
          Map.entry(12, ElementType.Q4_K),
          Map.entry(13, ElementType.Q5_K),
          Map.entry(14, ElementType.Q6_K),
          Map.entry(15, ElementType.Q8_K),
          Map.entry(16, ElementType.IQ2_XXS),
          Map.entry(17, ElementType.IQ2_XS),
          Map.entry(18, ElementType.IQ3_XXS),
          Map.entry(19, ElementType.IQ1_S),
          Map.entry(20, ElementType.IQ4_NL),
          Map.entry(21, ElementType.IQ3_S),
          Map.entry(22, ElementType.IQ2_S),
          Map.entry(23, ElementType.IQ4_XS),
          Map.entry(24, ElementType.I8),
          Map.entry(25, ElementType.I16),
          Map.entry(26, ElementType.I32),
          Map.entry(27, ElementType.I64),
          Map.entry(28, ElementType.F64),
          Map.entry(29, ElementType.IQ1_M),
          Map.entry(30, ElementType.BF16),
          Map.entry(34, ElementType.TQ1_0),
          Map.entry(35, ElementType.TQ2_0),
          Map.entry(39, ElementType.MXFP4),
          Map.entry(40, ElementType.NVFP4),
          Map.entry(41, ElementType.Q1_0),
          Map.entry(42, ElementType.Q2_0));

  private static final Map<Integer, String> REMOVED =
      Map.of(
          4, "Q4_2",
          5, "Q4_3",
          31, "Q4_0_4_4",
          32, "Q4_0_4_8",
          33, "Q4_0_8_8",
          36, "IQ4_NL_4_4",
          37, "IQ4_NL_4_8",
          38, "IQ4_NL_8_8");

  private GgmlTypes() {}

  /** The type with this id; null if ggml has none or has removed it. */
  static @Nullable ElementType byId(long id) {
    return id < 0 || id > Integer.MAX_VALUE ? null : BY_ID.get((int) id);
  }

  /** Why an id is refused, for an error message. */
  static String refusal(long id) {
    String removed = id < 0 || id > Integer.MAX_VALUE ? null : REMOVED.get((int) id);
    return removed == null
        ? "ggml type id " + Long.toUnsignedString(id) + ", which is unknown"
        : "ggml type "
            + removed
            + " (id "
            + id
            + "), which ggml has removed; quantise the model again with a current llama.cpp";
  }

  /** The id of {@code type}; empty where GGUF cannot hold it. */
  static OptionalInt id(ElementType type) {
    return BY_ID.entrySet().stream()
        .filter(entry -> entry.getValue() == type)
        .mapToInt(Map.Entry::getKey)
        .findFirst();
  }
}
