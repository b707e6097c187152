package dev.rosetta.formats.huggingface;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The tokens of a {@code tokenizer.json} by id: its vocabulary, then its added tokens. */
final class TokenTable {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  private static final Pattern BYTE_TOKEN = Pattern.compile("<0x[0-9A-F]{2}>");

  /** Ids above the number of tokens that are tolerated as gaps. */
  private static final int MAX_GAPS = 1 << 16;

  private final JsonObject tokenizer;
  private final Map<String, Integer> ids = new HashMap<>();
  private final @Nullable String[] tokens;
  private final int[] types;

  TokenTable(JsonObject tokenizer, JsonObject model, boolean sentencePiece) {
    this.tokenizer = tokenizer;
    Map<String, @Nullable Object> vocab =
        model.get("vocab") instanceof List<?> pieces
            ? ofPieces(model, pieces)
            : BoundedJson.asObject(model.get("vocab"));
    if (vocab == null) {
      throw model.unexpected("vocab", "an object");
    }
    List<JsonObject> added = tokenizer.objects("added_tokens");
    int size = size(vocab, added);
    tokens = new @Nullable String[size];
    types = new int[size];
    vocab.forEach((text, id) -> put(text, id, NORMAL));
    if (sentencePiece) {
      ids.forEach((text, id) -> types[id] = BYTE_TOKEN.matcher(text).matches() ? BYTE : NORMAL);
    }
    for (JsonObject token : added) {
      String text =
          token.string("content").orElseThrow(() -> token.unexpected("content", "a string"));
      int type = token.bool("special", false) ? CONTROL : USER_DEFINED;
      Integer known = ids.get(text);
      if (known != null) {
        types[known] = type; // the library takes the id of the vocabulary
      } else {
        put(text, token.get("id"), type);
      }
    }
    if (sentencePiece) {
      OptionalInt unknown = model.string("unk_token").map(this::id).orElse(OptionalInt.empty());
      unknown.ifPresent(id -> types[id] = UNKNOWN);
    }
    for (int id = 0; id < size; id++) {
      if (tokens[id] == null) {
        tokens[id] = "[PAD" + id + "]"; // as llama.cpp's converter fills gaps
        types[id] = UNUSED;
      }
    }
  }

  /** Unigram models list their tokens, each with its score. */
  private static Map<String, @Nullable Object> ofPieces(JsonObject model, List<?> pieces) {
    Map<String, @Nullable Object> vocab = HashMap.newHashMap(pieces.size());
    for (Object piece : pieces) {
      if (!(piece instanceof List<?> pair)
          || pair.isEmpty()
          || !(pair.getFirst() instanceof String text)) {
        throw model.unexpected("vocab[" + vocab.size() + "]", "a token and its score");
      }
      vocab.put(text, (long) vocab.size());
    }
    return vocab;
  }

  private int size(Map<String, @Nullable Object> vocab, List<JsonObject> added) {
    long last = -1;
    for (Map.Entry<String, @Nullable Object> token : vocab.entrySet()) {
      last = Math.max(last, idOf(token.getKey(), token.getValue()));
    }
    for (JsonObject token : added) {
      last = Math.max(last, idOf(token.string("content").orElse(""), token.get("id")));
    }
    if (last >= (long) vocab.size() + added.size() + MAX_GAPS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          tokenizer.file(),
          "the token id "
              + last
              + " is far above the number of tokens, "
              + (vocab.size() + added.size()));
    }
    return (int) last + 1;
  }

  private long idOf(String text, @Nullable Object value) {
    if (value instanceof Long id && id >= 0) {
      return id;
    }
    throw new ModelException(
        ErrorCode.MALFORMED,
        tokenizer.file(),
        "the id of the token " + Quoted.quote(text) + " is absent or no token id");
  }

  private void put(String text, @Nullable Object value, int type) {
    int id = (int) idOf(text, value);
    if (tokens[id] != null) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          tokenizer.file(),
          "the tokens %s and %s have the same id %d"
              .formatted(Quoted.quote(tokens[id]), Quoted.quote(text), id));
    }
    tokens[id] = text;
    types[id] = type;
    ids.put(text, id);
  }

  /** Token texts by id. */
  @SuppressWarnings("NullAway") // gaps were filled
  List<String> tokens() {
    return Collections.unmodifiableList(Arrays.asList(tokens));
  }

  /** GGUF token types by id. */
  int[] types() {
    return types;
  }

  OptionalInt id(String text) {
    Integer id = ids.get(text);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }
}
