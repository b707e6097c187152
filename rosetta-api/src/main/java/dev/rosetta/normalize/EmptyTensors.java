package dev.rosetta.normalize;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Weights without elements. Sharded training keeps each parameter in pieces on many devices and
 * leaves an empty tensor in its place; a model saved without gathering them holds those.
 */
final class EmptyTensors {
  private final Map<TensorRole, TensorInfo> tensors = new LinkedHashMap<>();

  void add(TensorRole role, TensorInfo tensor) {
    tensors.putIfAbsent(role, tensor);
  }

  boolean contains(TensorRole role) {
    return tensors.containsKey(role);
  }

  boolean hasWeight(Part part) {
    return tensors.keySet().stream().anyMatch(role -> role.part() == part && !role.bias());
  }

  /** One finding for all of them; its subject is the first in forward-pass order. */
  Optional<Finding> finding() {
    return tensors.keySet().stream().min(TensorRole::compareTo).map(this::finding);
  }

  private Finding finding(TensorRole first) {
    TensorInfo tensor = tensors.getOrDefault(first, tensors.values().iterator().next());
    int others = tensors.size() - 1;
    return new Finding(
        DiagnosisCode.SHAPE_MISMATCH,
        Severity.ERROR,
        first.toString(),
        first.layer() >= 0 && others == 0 ? Integer.valueOf(first.layer()) : null,
        "'"
            + tensor.name()
            + "' is empty, of shape "
            + tensor.dims()
            + (others > 0 ? ", and so are " + others + " more weights" : "")
            + ": sharded training (DeepSpeed ZeRO-3, FSDP) leaves such tensors where a model is"
            + " saved before its parameters are gathered",
        "save the model again with its parameters gathered: zero_to_fp32.py or"
            + " stage3_gather_16bit_weights_on_model_save for DeepSpeed, a full state dict for"
            + " FSDP");
  }
}
