package dev.rosetta.tokenizer;

import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.TokenizerRules.Family;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A vocabulary under comparison and its rules.
 *
 * @param rules null if the vocabulary is of no supported kind or malformed; it is then compared by
 *     what it states alone
 */
record TokenizerSide(Vocabulary vocabulary, @Nullable TokenizerRules rules) {

  /** Spellings that llama.cpp takes for the end of a turn where no id is stated, in its order. */
  private static final List<String> ENDS_OF_TURN =
      List.of(
          "<|eot_id|>",
          "<|im_end|>",
          "<|end|>",
          "<end_of_turn>",
          "<|endoftext|>",
          "<EOT>",
          "_<EOT>",
          "[EOT]",
          "<｜end▁of▁sentence｜>",
          "<end_of_utterance>");

  static TokenizerSide of(Vocabulary vocabulary) {
    try {
      return new TokenizerSide(vocabulary, TokenizerRules.of(vocabulary, Path.of("")));
    } catch (ModelException unusable) {
      return new TokenizerSide(vocabulary, null);
    }
  }

  boolean is(Family family) {
    return rules != null && rules.family() == family;
  }

  /** The stated type of token {@code id}; undefined where none is stated. */
  TokenType type(int id) {
    int[] types = vocabulary.types();
    return types != null && id < types.length && TokenType.isCode(types[id])
        ? TokenType.of(types[id])
        : TokenType.UNDEFINED;
  }

  /** Whether no text leads to token {@code id}: a name that pads the list to a round size. */
  boolean isPadding(int id) {
    String text = vocabulary.tokens().get(id);
    return text.isEmpty()
        || type(id) == TokenType.UNUSED
        || isNumbered(text, "[PAD", "]")
        || isNumbered(text, "<unused", ">");
  }

  private static boolean isNumbered(String text, String start, String end) {
    return text.length() > start.length() + end.length()
        && text.startsWith(start)
        && text.endsWith(end)
        && text.substring(start.length(), text.length() - end.length())
            .chars()
            .allMatch(Letters::isAsciiDigit);
  }

  /** Whether every text can be expressed, so that the unknown token is never produced. */
  boolean expressesEveryByte() {
    if (is(Family.BYTE_LEVEL_BPE)) {
      return true;
    }
    int bytes = 0;
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      bytes += type(id) == TokenType.BYTE ? 1 : 0;
    }
    return bytes >= 256;
  }

  /** The end-of-turn token: as stated, else the one that llama.cpp recognises by its spelling. */
  OptionalInt endOfTurn() {
    if (vocabulary.endOfTurn().isPresent()) {
      return vocabulary.endOfTurn();
    }
    for (String spelling : ENDS_OF_TURN) {
      int id = vocabulary.tokens().indexOf(spelling);
      if (id >= 0) {
        return OptionalInt.of(id);
      }
    }
    return OptionalInt.empty();
  }
}
