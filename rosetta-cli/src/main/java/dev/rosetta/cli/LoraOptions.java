package dev.rosetta.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Adapters that are applied in memory before anything is compared. */
final class LoraOptions {
  @Option(
      names = "--lora-a",
      paramLabel = "DIR",
      description =
          "Add the LoRA adapter in DIR, a folder of the PEFT library, to the weights of A in"
              + " memory: base and adapter against the merged model.")
  @Nullable Path a;

  @Option(names = "--lora-b", paramLabel = "DIR", description = "The same for B.")
  @Nullable Path b;

  /** Every path that is read, with the sides themselves. */
  List<Path> inputs(Path sideA, Path sideB) {
    List<Path> inputs = new ArrayList<>(List.of(sideA, sideB));
    if (a != null) {
      inputs.add(a);
    }
    if (b != null) {
      inputs.add(b);
    }
    return inputs;
  }
}
