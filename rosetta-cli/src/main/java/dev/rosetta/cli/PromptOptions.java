package dev.rosetta.cli;

import dev.rosetta.ComparisonRequest.Bos;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is run. */
final class PromptOptions {
  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description = "Text to run. Default: a built-in prompt of prose, digits and code.")
  @Nullable String prompt;

  @Option(
      names = "--tokens",
      paramLabel = "IDS",
      description = "Token ids to run instead of text: 1,2,3. Needs no tokenizer.")
  @Nullable String tokens;

  @Option(
      names = "--bos",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description =
          "auto, on or off: whether the prompt starts with the beginning-of-sequence token. auto"
              + " does what the tokenizer says.")
  Bos bos = Bos.AUTO;

  /** Refuses what contradicts itself. */
  void check(Usage usage) {
    if (prompt != null && tokens != null) {
      throw usage.error("--prompt and --tokens contradict each other; give one of them");
    }
    if (prompt != null && prompt.isEmpty()) {
      throw usage.error("--prompt is empty; give text, or token ids with --tokens");
    }
    if (tokens != null && usage.isGiven("--bos")) {
      throw usage.error("--bos has no effect on --tokens; put the token into the list");
    }
  }

  /** The ids of {@code --tokens}, or null if it was not given. */
  @Nullable List<Integer> ids(Usage usage) {
    if (tokens == null) {
      return null;
    }
    List<Integer> ids = new ArrayList<>();
    for (String id : tokens.split(",", -1)) {
      try {
        ids.add(Integer.parseUnsignedInt(id.strip(), 10));
      } catch (NumberFormatException e) {
        throw usage.error("--tokens: '" + id + "' is no token id; write ids as 1,2,3");
      }
      if (ids.getLast() < 0) {
        throw usage.error("--tokens: " + id + " is larger than any token id");
      }
    }
    return ids;
  }
}
