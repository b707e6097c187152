package dev.rosetta.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Token texts and their ids. Texts that occur only inside merges are symbols too, numbered from
 * {@link #tokenCount()} on. Where tokens share a text the last one counts, as in llama.cpp.
 */
final class Symbols {
  static final int NONE = -1;

  private final List<String> tokens;
  private final List<String> extras = new ArrayList<>();
  private final Map<String, Integer> ids;
  private final int longest;

  Symbols(List<String> tokens) {
    this.tokens = tokens;
    this.ids = HashMap.newHashMap(tokens.size());
    int length = 0;
    for (int id = 0; id < tokens.size(); id++) {
      String text = tokens.get(id);
      if (!text.isEmpty()) {
        ids.put(text, id);
        length = Math.max(length, text.length());
      }
    }
    this.longest = length;
  }

  int tokenCount() {
    return tokens.size();
  }

  /** Length in {@code char}s of the longest token. */
  int longest() {
    return longest;
  }

  /** The symbol of {@code text}, or {@link #NONE}. */
  int find(String text) {
    return ids.getOrDefault(text, NONE);
  }

  /** The symbol of {@code text}, made if need be; only for construction. */
  int intern(String text) {
    int known = find(text);
    if (known != NONE) {
      return known;
    }
    int symbol = tokens.size() + extras.size();
    extras.add(text);
    ids.put(text, symbol);
    return symbol;
  }

  boolean isToken(int symbol) {
    return symbol < tokens.size();
  }

  String text(int symbol) {
    return isToken(symbol) ? tokens.get(symbol) : extras.get(symbol - tokens.size());
  }
}
