package dev.rosetta.formats.packed;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Tensors of quantised folders that belong to no weight which is decoded. */
final class Leftovers {
  /** Ends of names that integers have in packed weights alone. */
  private static final List<String> ALWAYS =
      List.of(".qweight", ".qzeros", "_packed", "_blocks", ".W_q", ".absmax", ".SCB");

  /** Ends of names of codes in vectors, where the config states a quantisation. */
  private static final List<String> STATED = List.of(".codes", ".trellis", ".Qidxs", ".indices");

  private static final List<String> OF_ACTIVATIONS =
      List.of(
          "input_scale",
          "input_scale_ub",
          "input_zero_point",
          "input_global_scale",
          "output_scale",
          "output_zero_point",
          "activation_scale",
          "k_scale",
          "v_scale",
          "q_scale",
          "kv_scale",
          "prob_output_scale",
          "k_zero_point",
          "v_zero_point",
          "weight_format");

  private static final Map<String, String> REMEDIES =
      Map.of(
          "gptq", "GPTQModel's dequantize_model writes such a folder",
          "hqq", "HQQ's dequantize() gives the weights",
          "torchao", "dequantize() of each tensor gives the weights",
          "bitnet", "transformers unpacks it while loading",
          "quanto", "dequantize() of each tensor gives the weights");

  private Leftovers() {}

  /** Whether the tensor concerns the rounding of activations or caches, or marks a layout. */
  static boolean isOfActivations(String name) {
    return OF_ACTIVATIONS.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  /**
   * Whether the tensor holds codes of a packed weight.
   *
   * @param quantised whether the config states a quantisation
   */
  static boolean isCodes(TensorInfo tensor, boolean quantised) {
    ElementType type = tensor.type();
    if (type.kind() != ElementType.Kind.INTEGER || type == ElementType.BOOL) {
      return false;
    }
    String name = tensor.name();
    return ALWAYS.stream().anyMatch(name::endsWith)
        || quantised
            && (name.contains(".weight")
                || tensor.dims().size() > 1 && !name.endsWith(".bias")
                || STATED.stream().anyMatch(name::endsWith));
  }

  static boolean isRefusal(SourceNote note) {
    return note.code().equals(ErrorCode.UNSUPPORTED_QUANTIZATION.name());
  }

  /**
   * @param method as the config states it, or empty
   */
  static SourceNote refusal(String method, String reason) {
    String name = method.isEmpty() ? "a method that config.json does not name" : method;
    String how = REMEDIES.get(method.toLowerCase(Locale.ROOT));
    return new SourceNote(
        Severity.ERROR,
        ErrorCode.UNSUPPORTED_QUANTIZATION.name(),
        null,
        "the folder is quantised by "
            + name
            + ": "
            + reason
            + "; compare the checkpoint that it was quantised from, or save the model dequantised,"
            + " with from_pretrained(), dequantize() and save_pretrained() of transformers"
            + (how == null ? "" : " (" + how + ")"));
  }
}
