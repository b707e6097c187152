package dev.rosetta.tokenizer;

import dev.rosetta.model.Vocabulary;

/** Names that fill a vocabulary up to a round size; no text leads to them. */
public final class PaddingTokens {
  private PaddingTokens() {}

  /** One more than the last id that is a token and no padding. */
  public static int used(Vocabulary vocabulary) {
    int used = vocabulary.tokens().size();
    while (used > 0 && isPadding(vocabulary, used - 1)) {
      used--;
    }
    return used;
  }

  static boolean isPadding(Vocabulary vocabulary, int id) {
    String text = vocabulary.tokens().get(id);
    int[] types = vocabulary.types();
    return text.isEmpty()
        || types != null && id < types.length && TokenType.isUnused(types[id])
        || text.startsWith("[PAD")
            && text.endsWith("]")
            && text.length() > 5
            && text.substring(4, text.length() - 1).chars().allMatch(Letters::isAsciiDigit);
  }
}
