package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.huggingface.ModelDirectory;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The folder that the PEFT library saves an adapter to: its config and its own few tensors. */
final class AdapterFolder {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";

  private static final String TORCH_WEIGHTS = "adapter_model.bin";
  private static final int MAX_CONFIG_BYTES = 16 << 20;

  private AdapterFolder() {}

  /** Whether a file of this name belongs to an adapter. */
  static boolean isPart(String name) {
    return name.equals(CONFIG) || isWeights(name);
  }

  static boolean isWeights(String name) {
    return name.equals(WEIGHTS) || name.equals(TORCH_WEIGHTS);
  }

  /**
   * Opens the adapter in {@code path}, a folder or a file of it.
   *
   * @throws ModelException if there is none
   */
  static ModelSource open(Path path) {
    ModelDirectory directory =
        Files.isDirectory(path) ? new ModelDirectory(path) : ModelDirectory.of(path);
    for (String name : List.of(CONFIG, WEIGHTS)) {
      if (!directory.has(name)) {
        throw new ModelException(
            ErrorCode.NOT_FOUND,
            path,
            "is no adapter: there is no "
                + name
                + (name.equals(WEIGHTS) && directory.has(TORCH_WEIGHTS)
                    ? ", only " + TORCH_WEIGHTS + "; " + TorchFiles.remedy(TORCH_WEIGHTS)
                    : "; give the folder that PEFT's save_pretrained wrote"));
      }
    }
    return SafeTensorsSource.open(
        path, List.of(directory.named(WEIGHTS, directory.path())), List.of());
  }

  /** What to say to whoever takes an adapter for a model. */
  static ModelException notModel(Path path, ModelDirectory directory) {
    Map<String, ?> config = directory.object(CONFIG, MAX_CONFIG_BYTES).orElse(null);
    Object base = config == null ? null : config.get("base_model_name_or_path");
    Object type = config == null ? null : config.get("peft_type");
    return new ModelException(
        ErrorCode.ADAPTER_NOT_MODEL,
        path,
        "is an adapter"
            + (type == null ? "" : " (" + type + ")")
            + " of "
            + (base == null ? "a base that it does not name" : "'" + base + "'")
            + ", not a model; give that base model and apply the adapter to it with --lora-a or"
            + " --lora-b, or merge the two with PEFT's merge_and_unload() and give the result");
  }
}
