package dev.rosetta.report;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Side;
import dev.rosetta.model.SafeText;
import dev.rosetta.model.Severity;
import java.util.Locale;

/** What a diagnosis is called in text for people: the one place that has words for every code. */
final class CauseWords {
  private static final int LONGEST_NAME = 200;

  private CauseWords() {}

  /** {@code Q/K rows permuted}. */
  static String of(DiagnosisCode code) {
    return switch (code) {
      case FILE_TRUNCATED -> "File cut off";
      case TENSOR_OUT_OF_BOUNDS -> "Tensor outside its file";
      case CHECKSUM_MISMATCH -> "Checksum differs";
      case TENSOR_MISSING -> "Tensor missing";
      case TENSOR_UNEXPECTED -> "Tensor on one side only";
      case TENSOR_DUPLICATED -> "Two tensors hold the same data";
      case SHAPE_MISMATCH -> "Shapes disagree";
      case DIMS_REVERSED -> "Dims in reverse order, data right";
      case WEIGHT_TRANSPOSED -> "Weight transposed";
      case WEIGHT_RESHAPED -> "Weight reshaped, not transposed";
      case QK_PERMUTED -> "Q/K rows permuted";
      case ROWS_PERMUTED -> "Rows permuted";
      case FUSED_SPLIT_WRONG -> "Fused tensor split wrongly";
      case TENSORS_SWAPPED -> "Tensors exchanged";
      case BIAS_MISSING -> "Bias missing";
      case BIAS_WRONG -> "Bias wrong";
      case NORM_OFFSET -> "Norm weights off by one";
      case SCALE_FACTOR -> "Scaled by a constant";
      case SIGN_FLIPPED -> "Sign flipped";
      case DATA_SHIFTED -> "Data shifted";
      case ROW_PADDING -> "Row stride wrong";
      case DTYPE_CONFUSED -> "Read as another element type";
      case BYTE_ORDER -> "Other byte order";
      case QUANT_NIBBLE_ORDER -> "Quantised elements out of order";
      case QUANT_SCALE_PACKING -> "Block scales packed wrongly";
      case ZEROED_REGION -> "Values zeroed";
      case VALUES_CORRUPTED -> "Some values corrupted";
      case NON_FINITE -> "NaN or infinite values";
      case DOUBLE_QUANTIZED -> "Quantised twice";
      case DIFFERENT_CHECKPOINT -> "Different checkpoints";
      case CONFIG_MISMATCH -> "Config differs";
      case CONFIG_SHAPE_CONFLICT -> "Config contradicts the tensors";
      case LOW_RANK_UPDATE -> "Low rank update on one side";
      case SCALES_IGNORED -> "Scales ignored";
      case TOKENIZER_MISMATCH -> "Tokenizers differ";
      case TEMPLATE_MISMATCH -> "Chat templates differ";
      case NUMERICAL_NOISE -> "Numerical noise";
      case UNEXPLAINED -> "Unexplained difference";
    };
  }

  /** {@code Q/K rows permuted (layer 0)}, {@code Config differs (rope_theta)}. */
  static String located(Diagnosis diagnosis) {
    Integer layer = diagnosis.layer();
    String subject = diagnosis.subject();
    String place = layer != null ? "layer " + layer : subject == null ? "" : name(subject);
    return of(diagnosis.code()) + (place.isEmpty() ? "" : " (" + place + ")");
  }

  /** {@code QK_PERMUTED, layers.0.q.weight, side A, proven}. */
  static String label(Diagnosis diagnosis) {
    StringBuilder label = new StringBuilder(diagnosis.code().name());
    String subject = diagnosis.subject();
    if (subject != null) {
      label.append(", ").append(name(subject));
    }
    Side side = diagnosis.side();
    if (side != null) {
      label.append(", side ").append(side);
    }
    if (diagnosis.severity() == Severity.ERROR) {
      label.append(", ").append(proof(diagnosis));
    }
    return label.toString();
  }

  static String proof(Diagnosis diagnosis) {
    return diagnosis.proof().name().toLowerCase(Locale.ROOT);
  }

  /** A subject, which may be the name of a tensor in a file. */
  static String name(String subject) {
    return SafeText.escape(subject, LONGEST_NAME);
  }
}
