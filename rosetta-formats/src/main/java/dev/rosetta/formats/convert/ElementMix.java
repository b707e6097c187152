package dev.rosetta.formats.convert;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.Locale;

/**
 * Which element type each weight gets, under the names of llama.cpp's quantiser. Vectors are always
 * F32.
 */
public enum ElementMix {
  F32(ElementType.F32, 0),
  F16(ElementType.F16, 1),
  BF16(ElementType.BF16, 32),
  Q4_0(ElementType.Q4_0, 2),
  Q4_1(ElementType.Q4_1, 3),
  Q5_0(ElementType.Q5_0, 8),
  Q5_1(ElementType.Q5_1, 9),
  Q8_0(ElementType.Q8_0, 7),
  Q2_K(ElementType.Q2_K, 10),
  Q3_K(ElementType.Q3_K, 12),
  Q4_K_M(ElementType.Q4_K, 15),
  Q5_K_M(ElementType.Q5_K, 17),
  Q6_K(ElementType.Q6_K, 18);

  private final ElementType base;
  private final int fileType;

  ElementMix(ElementType base, int fileType) {
    this.base = base;
    this.fileType = fileType;
  }

  /** GGUF's {@code general.file_type}. */
  int fileType() {
    return fileType;
  }

  /** The name on the command line, {@code q4_k_m}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The type of one weight.
   *
   * @param columns elements of a row; a type whose blocks do not fit gives way to a smaller one
   * @param layers layers of the model
   * @param tied whether the embedding is the output weight as well
   */
  public ElementType of(TensorRole role, long columns, int layers, boolean tied) {
    if (role.bias() || role.part().isVector()) {
      return ElementType.F32;
    }
    return fitting(wanted(role, layers, tied), columns);
  }

  private ElementType wanted(TensorRole role, int layers, boolean tied) {
    boolean output = role.part() == Part.OUTPUT || (tied && role.part() == Part.EMBEDDING);
    if (output && base.isQuantized() && base != ElementType.Q8_0) {
      return ElementType.Q6_K;
    }
    boolean sensitive = role.part() == Part.V || role.part() == Part.FFN_DOWN;
    boolean mixed = this == Q4_K_M || this == Q5_K_M;
    return mixed && sensitive && usesMoreBits(role.layer(), layers) ? ElementType.Q6_K : base;
  }

  /** The first and last eighth of the layers, and every third between. */
  private static boolean usesMoreBits(int layer, int layers) {
    int eighth = layers / 8;
    return layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2;
  }

  private static ElementType fitting(ElementType type, long columns) {
    if (columns % type.blockElements() == 0) {
      return type;
    }
    ElementType smaller =
        switch (type) {
          case Q2_K, Q3_K -> ElementType.Q4_0;
          case Q4_K -> ElementType.Q5_0;
          case Q5_K -> ElementType.Q5_1;
          case Q6_K -> ElementType.Q8_0;
          default -> ElementType.F16;
        };
    return fitting(smaller, columns);
  }
}
