package dev.rosetta;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.tokenizer.BosPolicy;
import dev.rosetta.tokenizer.SpecialTokens;
import dev.rosetta.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which token ids a run uses. */
final class Prompts {
  /** Ids of the built-in prompt where no file carries a tokenizer; taken modulo the vocabulary. */
  private static final int[] BUILT_IN = {1, 17, 293, 42, 7, 450, 64, 101, 330, 5, 211, 88};

  private Prompts() {}

  static BosPolicy policy(ComparisonRequest.Bos bos) {
    return switch (bos) {
      case AUTO -> BosPolicy.AUTO;
      case ON -> BosPolicy.ON;
      case OFF -> BosPolicy.OFF;
    };
  }

  /** The ids that one model alone runs on. */
  static int[] ids(
      Model model,
      @Nullable String prompt,
      @Nullable List<Integer> tokens,
      ComparisonRequest.Bos bos) {
    if (tokens != null) {
      return toArray(tokens);
    }
    Path path = model.source().path();
    Optional<Vocabulary> vocabulary = model.source().vocabulary();
    if (vocabulary.isPresent()) {
      return encode(vocabulary.get(), path, text(prompt), bos);
    }
    if (prompt != null) {
      throw noTokenizer(path);
    }
    return builtIn(model.config().vocabSize());
  }

  static int[] encode(Vocabulary vocabulary, Path path, String text, ComparisonRequest.Bos bos) {
    return encode(Tokenizer.of(vocabulary, path), text, bos);
  }

  static int[] encode(Tokenizer tokenizer, String text, ComparisonRequest.Bos bos) {
    int[] ids = tokenizer.encode(text, SpecialTokens.PARSE, policy(bos));
    if (ids.length == 0) {
      throw new IllegalArgumentException("the prompt is empty: there is nothing to run");
    }
    return ids;
  }

  static String text(@Nullable String prompt) {
    return prompt == null ? ComparisonRequest.DEFAULT_PROMPT : prompt;
  }

  static int[] builtIn(int vocabSize) {
    int[] ids = new int[BUILT_IN.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = BUILT_IN[i] % vocabSize;
    }
    return ids;
  }

  static int[] toArray(List<Integer> tokens) {
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  static ModelException noTokenizer(Path path) {
    return new ModelException(
        ErrorCode.UNSUPPORTED_TOKENIZER,
        path,
        "the file carries no tokenizer, so a prompt cannot be used; pass token ids with --tokens");
  }
}
