package dev.rosetta.formats.convert;

import dev.rosetta.formats.huggingface.PreTokenizerSteps;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A byte-level BPE tokenizer as the content of {@code tokenizer.json}: tokens by their texts, those
 * that are special a second time.
 */
final class TokenizerJson {
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;

  /** Ids without a token that readers tolerate. */
  private static final int MAX_GAPS = 1 << 15;

  private final Vocabulary vocabulary;
  private final List<String> tokens;

  private TokenizerJson(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.tokens = vocabulary.tokens();
  }

  /**
   * The root object; empty, with a note, where the tokenizer has no such form.
   *
   * @param notes gets what is lost
   */
  static Optional<Map<String, Object>> of(Vocabulary vocabulary, List<String> notes) {
    String pre = vocabulary.preTokenizer();
    Optional<Map<String, Object>> steps =
        pre == null ? Optional.empty() : PreTokenizerSteps.of(pre);
    if (!"gpt2".equals(vocabulary.model()) || steps.isEmpty()) {
      notes.add(
          "the tokenizer (model "
              + vocabulary.model()
              + ", pre-tokenizer "
              + pre
              + ") has no form in tokenizer.json here; copy the original file");
      return Optional.empty();
    }
    TokenizerJson json = new TokenizerJson(vocabulary);
    return json.namesEveryToken(notes) ? Optional.of(json.root(steps.get())) : Optional.empty();
  }

  /**
   * Whether no id is lost that anything but its text stands for. The file holds one id for each
   * text: of several the last, which is the one that texts are encoded to.
   */
  private boolean namesEveryToken(List<String> notes) {
    Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
    int lost = 0;
    String example = "";
    for (int id = 0; id < tokens.size(); id++) {
      Integer other = ids.put(tokens.get(id), id);
      if (other == null) {
        continue;
      }
      String pair = "the tokens " + other + " and " + id + " are both " + quote(id);
      if (isSpecial(other) || isSpecial(id)) {
        notes.add(
            pair
                + ", and tokenizer.json holds one id for each text, so that a special token would"
                + " change its id; it is not written, copy the original file");
        return false;
      }
      example = lost++ == 0 ? pair : example;
    }
    if (lost > 0) {
      notes.add(
          example
              + (lost > 1 ? ", and " + (lost - 1) + " more are equal to another" : "")
              + "; tokenizer.json holds one id for each text, here the last");
    }
    noteTypes(notes);
    return true;
  }

  private String quote(int id) {
    return Quoted.quote(tokens.get(id));
  }

  private boolean isSpecial(int id) {
    return isAdded(id)
        || isAt(vocabulary.bos(), id)
        || isAt(vocabulary.eos(), id)
        || isAt(vocabulary.unknown(), id)
        || isAt(vocabulary.padding(), id);
  }

  private static boolean isAt(OptionalInt special, int id) {
    return special.isPresent() && special.getAsInt() == id;
  }

  private void noteTypes(List<String> notes) {
    long lost =
        IntStream.range(0, tokens.size())
            .filter(id -> type(id) != NORMAL && !isAdded(id) && !isPadding(id))
            .count();
    if (lost > 0) {
      notes.add(
          lost
              + (lost == 1 ? " token is" : " tokens are")
              + " unknown, unused or a byte by type; in tokenizer.json they are ordinary");
    }
  }

  private int type(int id) {
    int[] types = vocabulary.types();
    return types == null ? NORMAL : types[id];
  }

  private boolean isAdded(int id) {
    return type(id) == CONTROL || type(id) == USER_DEFINED;
  }

  /** Whether readers make this token themselves where an id has none. */
  private boolean isPadding(int id) {
    return tokens.get(id).equals("[PAD" + id + "]");
  }

  private Map<String, Object> root(Map<String, Object> steps) {
    Map<String, Object> vocab = new LinkedHashMap<>();
    List<Object> added = new ArrayList<>();
    boolean gaps = vocabulary.types() != null && paddings() <= MAX_GAPS;
    for (int id = 0; id < tokens.size(); id++) {
      if (isAdded(id)) {
        added.add(added(id));
      } else if (!gaps || !isPadding(id)) {
        vocab.put(tokens.get(id), id);
      }
    }
    int last = tokens.size() - 1;
    // The last token fixes the size; gaps below it are read as unused tokens.
    if (gaps && isPadding(last)) {
      vocab.put(tokens.get(last), last);
    }
    Map<String, Object> model = new LinkedHashMap<>();
    model.put("type", "BPE");
    model.put("vocab", vocab);
    model.put("merges", vocabulary.merges());
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("version", "1.0");
    root.put("added_tokens", added);
    root.put("pre_tokenizer", steps);
    root.put("decoder", Map.of("type", "ByteLevel"));
    root.put("model", model);
    return root;
  }

  private long paddings() {
    return IntStream.range(0, tokens.size()).filter(this::isPadding).count();
  }

  private Map<String, Object> added(int id) {
    Map<String, Object> token = new LinkedHashMap<>();
    token.put("id", id);
    token.put("content", tokens.get(id));
    token.put("single_word", false);
    token.put("lstrip", false);
    token.put("rstrip", false);
    token.put("normalized", false);
    token.put("special", type(id) == CONTROL);
    return token;
  }
}
