package dev.rosetta.formats.gguf;

import dev.rosetta.model.Vocabulary;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** The tokenizer in the {@code tokenizer.*} keys. */
final class GgufVocabulary {
  /** An id of 0xFFFFFFFF, unsigned or not, means that there is no such token. */
  private static final long NONE = 0xffff_ffffL;

  private GgufVocabulary() {}

  /**
   * The tokenizer; empty where the file has no token list.
   *
   * @throws dev.rosetta.model.ModelException if a key is of the wrong type, a list of the wrong
   *     length, or an id outside the list
   */
  static Optional<Vocabulary> read(GgufMetadata metadata) {
    EncodedTexts tokens = metadata.strings("tokenizer.ggml.tokens");
    if (tokens == null) {
      return Optional.empty();
    }
    float[] scores = metadata.floats("tokenizer.ggml.scores");
    if (scores != null) {
      checkLength(metadata, "tokenizer.ggml.scores", scores.length, tokens);
    }
    int[] types = metadata.ints("tokenizer.ggml.token_type");
    if (types != null) {
      checkLength(metadata, "tokenizer.ggml.token_type", types.length, tokens);
    }
    EncodedTexts merges = metadata.strings("tokenizer.ggml.merges");
    return Optional.of(
        new Vocabulary(
            metadata.string("tokenizer.ggml.model"),
            metadata.string("tokenizer.ggml.pre"),
            tokens,
            scores,
            types,
            merges == null ? List.of() : merges(metadata, merges),
            id(metadata, "tokenizer.ggml.bos_token_id", tokens),
            id(metadata, "tokenizer.ggml.eos_token_id", tokens),
            id(metadata, "tokenizer.ggml.eot_token_id", tokens),
            id(metadata, "tokenizer.ggml.unknown_token_id", tokens),
            id(metadata, "tokenizer.ggml.padding_token_id", tokens),
            metadata.bool("tokenizer.ggml.add_bos_token"),
            metadata.bool("tokenizer.ggml.add_eos_token"),
            metadata.bool("tokenizer.ggml.add_space_prefix"),
            metadata.string("tokenizer.chat_template")));
  }

  private static void checkLength(
      GgufMetadata metadata, String key, int length, List<String> tokens) {
    if (length != tokens.size()) {
      throw metadata.malformed(
          start(metadata, key),
          "key '" + key + "' has " + length + " elements for " + tokens.size() + " tokens");
    }
  }

  private static List<String> merges(GgufMetadata metadata, EncodedTexts merges) {
    String key = "tokenizer.ggml.merges";
    for (int i = 0; i < merges.size(); i++) {
      if (!merges.isPair(i)) {
        throw metadata.malformed(
            start(metadata, key),
            "element " + i + " of key '" + key + "' is not two texts with a blank between them");
      }
    }
    return merges;
  }

  private static OptionalInt id(GgufMetadata metadata, String key, List<String> tokens) {
    OptionalLong stated = metadata.integer(key);
    if (stated.isEmpty() || stated.getAsLong() == NONE || stated.getAsLong() == -1) {
      return OptionalInt.empty();
    }
    long id = stated.getAsLong();
    if (id < 0 || id >= tokens.size()) {
      throw metadata.malformed(
          start(metadata, key),
          "key '" + key + "' is " + id + ", outside the " + tokens.size() + " tokens");
    }
    return OptionalInt.of((int) id);
  }

  private static long start(GgufMetadata metadata, String key) {
    MetadataEntry entry = metadata.entry(key);
    return entry == null ? -1 : entry.start();
  }
}
