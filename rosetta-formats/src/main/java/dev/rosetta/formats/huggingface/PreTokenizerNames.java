package dev.rosetta.formats.huggingface;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names a byte-level pre-tokenizer in GGUF's words ({@code tokenizer.ggml.pre}) from the steps that
 * a {@code tokenizer.json} spells out.
 *
 * <p>Steps as published with GPT-2, Qwen2, Llama 3, StarCoder2, Falcon and the first DeepSeek
 * models.
 */
final class PreTokenizerNames {
  private static final String WORDS = "words of gpt-2";
  private static final String DIGITS_ONE_BY_ONE = "digits one by one";
  private static final String QUICK_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String SLOW_CONTRACTIONS =
      "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
  private static final String LETTERS = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
  private static final String REST =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String CJK = split("[一-龥ࠀ-一가-\ud7ff]+");

  private static final Map<List<String>, String> NAMES =
      Map.of(
          List.of(WORDS),
          "gpt-2",
          List.of(DIGITS_ONE_BY_ONE, WORDS),
          "starcoder",
          List.of("punctuation Contiguous", WORDS, "digits", split("[0-9][0-9][0-9]")),
          "falcon",
          List.of(split(QUICK_CONTRACTIONS + LETTERS + "\\p{N}" + REST)),
          "qwen2",
          List.of(split(SLOW_CONTRACTIONS + LETTERS + "\\p{N}" + REST)),
          "qwen2",
          List.of(split(QUICK_CONTRACTIONS + LETTERS + "\\p{N}{1,3}" + REST)),
          "llama-bpe",
          List.of(split(SLOW_CONTRACTIONS + LETTERS + "\\p{N}{1,3}" + REST)),
          "llama-bpe",
          List.of(
              split("[\r\n]"), split("\\s?\\p{L}+"), split("\\s?\\p{P}+"), CJK, DIGITS_ONE_BY_ONE),
          "deepseek-coder");

  /** The second pattern of deepseek-llm is a class of all cased letters, known by its start. */
  private static final String DEEPSEEK_LLM_LETTERS = split("\\s?[A-Za-zµÀ-ÖØ-öø-ƺ");

  private static final List<String> DEEPSEEK_LLM =
      List.of(
          split("[\r\n]"),
          DEEPSEEK_LLM_LETTERS,
          split("\\s?[!-/:-~！-／：-～‘-‟\u3000-。]+"),
          split("\\s+$"),
          CJK,
          DIGITS_ONE_BY_ONE);

  private PreTokenizerNames() {}

  /** The name, or {@code unknown: } and the steps, which no tokenizer accepts. */
  static String name(Optional<JsonObject> normalizer, Optional<JsonObject> preTokenizer) {
    List<String> steps = new ArrayList<>();
    normalizer.ifPresent(n -> addNormalizer(n, steps));
    preTokenizer.ifPresent(p -> addStep(p, steps));
    List<String> known = new ArrayList<>(steps);
    if (known.size() > 1 && known.get(1).startsWith(DEEPSEEK_LLM_LETTERS)) {
      known.set(1, DEEPSEEK_LLM_LETTERS);
    }
    if (known.equals(DEEPSEEK_LLM)) {
      return "deepseek-llm";
    }
    String name = NAMES.get(steps);
    return name != null ? name : "unknown: " + String.join("; ", steps);
  }

  /** The one pattern that splits a text for {@code qwen2} or {@code llama-bpe}. */
  static Optional<String> pattern(String name) {
    return switch (name) {
      case "qwen2" -> Optional.of(QUICK_CONTRACTIONS + LETTERS + "\\p{N}" + REST);
      case "llama-bpe" -> Optional.of(QUICK_CONTRACTIONS + LETTERS + "\\p{N}{1,3}" + REST);
      default -> Optional.empty();
    };
  }

  private static void addNormalizer(JsonObject normalizer, List<String> steps) {
    switch (normalizer.type()) {
      case "Sequence" ->
          normalizer.objects("normalizers").forEach(inner -> addNormalizer(inner, steps));
      case "NFC" -> {} // llama.cpp leaves it out as well
      default -> steps.add("normalizer " + normalizer.type());
    }
  }

  private static void addStep(JsonObject step, List<String> steps) {
    switch (step.type()) {
      case "Sequence" -> step.objects("pretokenizers").forEach(inner -> addStep(inner, steps));
      case "ByteLevel" -> {
        if (step.bool("use_regex", true)) {
          steps.add(WORDS);
        }
      }
      case "Digits" ->
          steps.add(step.bool("individual_digits", false) ? DIGITS_ONE_BY_ONE : "digits");
      case "Punctuation" -> steps.add("punctuation " + step.string("behavior").orElse("Isolated"));
      case "Split" -> steps.add(splitStep(step));
      default -> steps.add(step.type());
    }
  }

  private static String splitStep(JsonObject step) {
    Optional<String> regex = step.object("pattern").flatMap(pattern -> pattern.string("Regex"));
    boolean isolated = step.string("behavior").orElse("").equals("Isolated");
    if (regex.isEmpty() || !isolated || step.bool("invert", false)) {
      return "split " + step.values();
    }
    // Files spell line breaks as they are, or escaped.
    return split(regex.get().equals("[\\r\\n]") ? "[\r\n]" : regex.get());
  }

  private static String split(String regex) {
    return "split " + regex;
  }
}
