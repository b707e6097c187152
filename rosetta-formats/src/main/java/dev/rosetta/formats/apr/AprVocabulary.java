package dev.rosetta.formats.apr;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** Reads the tokenizer from the metadata's {@code tokenizer.*} keys. */
final class AprVocabulary {
  private final Metadata metadata;
  private final Path path;

  private AprVocabulary(Metadata metadata, Path path) {
    this.metadata = metadata;
    this.path = path;
  }

  /** The tokenizer; empty where the metadata has no {@code tokenizer.vocabulary}. */
  static Optional<Vocabulary> read(Metadata metadata, Path path) {
    // The type is known without decoding the list.
    if (!metadata.keys().contains("tokenizer.vocabulary")
        || metadata.typeName("tokenizer.vocabulary").equals("null")) {
      return Optional.empty();
    }
    return Optional.of(new AprVocabulary(metadata, path).read());
  }

  private Vocabulary read() {
    List<String> tokens = strings("tokenizer.vocabulary");
    String model = string("tokenizer.model");
    String template = string("chat_template");
    return new Vocabulary(
        model == null ? string("tokenizer.model_type") : model,
        string("tokenizer.pre_type"),
        tokens,
        scores(tokens.size()),
        types(tokens.size()),
        strings("tokenizer.merges"),
        id("tokenizer.bos_token_id", tokens.size()),
        id("tokenizer.eos_token_id", tokens.size()),
        id("tokenizer.eot_token_id", tokens.size()),
        id("tokenizer.unknown_token_id", tokens.size()),
        id("tokenizer.padding_token_id", tokens.size()),
        flag("tokenizer.add_bos_token"),
        flag("tokenizer.add_eos_token"),
        flag("tokenizer.add_space_prefix"),
        template == null ? string("tokenizer.chat_template") : template);
  }

  private @Nullable String string(String key) {
    Object value = metadata.value(key).orElse(null);
    return switch (value) {
      case null -> null;
      case String text -> text;
      default -> throw wrong(key, "is not a string");
    };
  }

  private @Nullable Boolean flag(String key) {
    Object value = metadata.value(key).orElse(null);
    return switch (value) {
      case null -> null;
      case Boolean flag -> flag;
      default -> throw wrong(key, "is neither true nor false");
    };
  }

  /** A special token's id; -1 and 2^32-1, as GGUF writes it, stand for none. */
  private OptionalInt id(String key, int tokens) {
    Object value = metadata.value(key).orElse(null);
    return switch (value) {
      case null -> OptionalInt.empty();
      case Long id when id == -1 || id == 0xffff_ffffL -> OptionalInt.empty();
      case Long id when id >= 0 && id < tokens -> OptionalInt.of(id.intValue());
      default -> throw wrong(key, "is " + value + ", not the id of one of " + tokens + " tokens");
    };
  }

  private List<String> strings(String key) {
    List<?> list = list(key);
    if (list == null) {
      return List.of();
    }
    for (int i = 0; i < list.size(); i++) {
      if (!(list.get(i) instanceof String)) {
        throw wrong(key, "has an entry " + i + " that is not a string");
      }
    }
    @SuppressWarnings("unchecked") // every entry was checked
    List<String> strings = (List<String>) list;
    return strings;
  }

  private float @Nullable [] scores(int tokens) {
    List<?> list = list("tokenizer.scores");
    if (list == null) {
      return null;
    }
    requireLength("tokenizer.scores", list, tokens);
    float[] scores = new float[tokens];
    for (int i = 0; i < tokens; i++) {
      if (!(list.get(i) instanceof Number score)) {
        throw wrong("tokenizer.scores", "has an entry " + i + " that is not a number");
      }
      scores[i] = score.floatValue();
    }
    return scores;
  }

  private int @Nullable [] types(int tokens) {
    List<?> list = list("tokenizer.token_type");
    if (list == null) {
      return null;
    }
    requireLength("tokenizer.token_type", list, tokens);
    int[] types = new int[tokens];
    for (int i = 0; i < tokens; i++) {
      if (!(list.get(i) instanceof Long type) || type < 0 || type > Integer.MAX_VALUE) {
        throw wrong("tokenizer.token_type", "has an entry " + i + " that is no token type");
      }
      types[i] = type.intValue();
    }
    return types;
  }

  private @Nullable List<?> list(String key) {
    Object value = metadata.value(key).orElse(null);
    return switch (value) {
      case null -> null;
      case List<?> list -> list;
      default -> throw wrong(key, "is not a list");
    };
  }

  private void requireLength(String key, List<?> list, int tokens) {
    if (list.size() != tokens) {
      throw wrong(key, "has " + list.size() + " entries for " + tokens + " tokens");
    }
  }

  private ModelException wrong(String key, String what) {
    return new ModelException(
        ErrorCode.MALFORMED, path, "metadata key " + Quoted.quote(key) + " " + what);
  }
}
