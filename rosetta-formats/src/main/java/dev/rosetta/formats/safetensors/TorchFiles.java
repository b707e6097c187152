package dev.rosetta.formats.safetensors;

import java.util.Set;

/** PyTorch's own files: pickles, which run code when they are read and so are not opened. */
final class TorchFiles {
  /** The state of a training, not a model. */
  private static final Set<String> TRAINING =
      Set.of("training_args.bin", "optimizer.pt", "scheduler.pt", "scaler.pt");

  private TorchFiles() {}

  /** Whether a file of this name holds weights. */
  static boolean isModel(String name) {
    boolean torch =
        name.startsWith("pytorch_model") && name.endsWith(".bin")
            || name.endsWith(".pth")
            || name.endsWith(".pt");
    return torch && !TRAINING.contains(name) && !name.startsWith("rng_state");
  }

  /** The line that makes a file of it that is read; to be typed in its folder. */
  static String remedy(String name) {
    String line =
        name.startsWith("pytorch_model")
            ? "from transformers import AutoModelForCausalLM as M;"
                + " M.from_pretrained('.', dtype='auto').save_pretrained('safetensors')"
            : "import torch, safetensors.torch as s; s.save_file({k: v.clone().contiguous() for k,"
                + " v in torch.load('"
                + name
                + "', map_location='cpu', weights_only=True).items()}, '"
                + name.substring(0, name.lastIndexOf('.'))
                + ".safetensors')";
    return "a pickle can run code, so it is not opened; convert it where you trust it, in that"
        + " folder: python -c \""
        + line
        + "\"";
  }
}
