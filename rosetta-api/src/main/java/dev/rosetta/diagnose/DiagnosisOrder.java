package dev.rosetta.diagnose;

import dev.rosetta.Diagnosis;
import dev.rosetta.model.ConfigField;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The order in which causes are to be fixed: what the rest may follow from in front, and among
 * equals what is proven.
 */
public final class DiagnosisOrder {
  /** Of one class and one proof, the order of finding stays: that of the forward pass. */
  static final Comparator<Diagnosis> CAUSE_FIRST =
      Comparator.comparing(Diagnosis::severity)
          .thenComparingInt(DiagnosisOrder::rank)
          .thenComparing(Diagnosis::proof);

  private DiagnosisOrder() {}

  /** The diagnoses, the one to fix first in front. */
  public static List<Diagnosis> sorted(List<Diagnosis> diagnoses) {
    return diagnoses.stream().sorted(CAUSE_FIRST).toList();
  }

  /**
   * Damage first, then what decides the shape of everything else, then the origin of the whole
   * file, then config and weights. What only says that values differ comes behind what says how.
   */
  private static int rank(Diagnosis diagnosis) {
    return switch (diagnosis.code()) {
      case FILE_TRUNCATED, TENSOR_OUT_OF_BOUNDS, CHECKSUM_MISMATCH -> 0;
      case CONFIG_SHAPE_CONFLICT -> 1;
      case SHAPE_MISMATCH -> 2;
      case TENSOR_DUPLICATED -> 3;
      case TENSOR_MISSING, BIAS_MISSING, TENSOR_UNEXPECTED -> 4;
      case CONFIG_MISMATCH -> isSize(diagnosis.subject()) ? 0 : 6;
      case DIFFERENT_CHECKPOINT, LOW_RANK_UPDATE, SCALES_IGNORED -> 5;
      case VALUES_CORRUPTED, DOUBLE_QUANTIZED -> 12;
      case TOKENIZER_MISMATCH, TEMPLATE_MISMATCH -> 15;
      case UNEXPLAINED -> 20;
      default -> 10;
    };
  }

  /** Whether a field decides the shapes of tensors: where these differ, so does everything else. */
  private static boolean isSize(@Nullable String field) {
    return ConfigField.ARCHITECTURE.label().equals(field)
        || ConfigField.NUM_LAYERS.label().equals(field)
        || ConfigField.HIDDEN_SIZE.label().equals(field);
  }
}
