package dev.rosetta.formats.huggingface;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The steps that a {@code tokenizer.json} spells out for a byte-level pre-tokenizer. */
public final class PreTokenizerSteps {
  private PreTokenizerSteps() {}

  /**
   * The {@code pre_tokenizer} object that {@link HuggingFaceTokenizer} reads as {@code name}; empty
   * where there is none.
   */
  public static Optional<Map<String, Object>> of(String name) {
    return switch (name) {
      case "gpt-2" -> Optional.of(byteLevel(true));
      case "qwen2", "llama-bpe" -> PreTokenizerNames.pattern(name).map(PreTokenizerSteps::sequence);
      default -> Optional.empty();
    };
  }

  private static Map<String, Object> sequence(String regex) {
    Map<String, Object> pattern = new LinkedHashMap<>();
    pattern.put("Regex", regex);
    Map<String, Object> split = new LinkedHashMap<>();
    split.put("type", "Split");
    split.put("pattern", pattern);
    split.put("behavior", "Isolated");
    split.put("invert", false);
    Map<String, Object> sequence = new LinkedHashMap<>();
    sequence.put("type", "Sequence");
    sequence.put("pretokenizers", List.of(split, byteLevel(false)));
    return sequence;
  }

  private static Map<String, Object> byteLevel(boolean words) {
    Map<String, Object> step = new LinkedHashMap<>();
    step.put("type", "ByteLevel");
    step.put("add_prefix_space", false);
    step.put("trim_offsets", false);
    step.put("use_regex", words);
    return step;
  }
}
