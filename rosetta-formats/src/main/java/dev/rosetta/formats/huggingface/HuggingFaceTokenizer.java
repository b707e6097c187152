package dev.rosetta.formats.huggingface;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code tokenizer.json}, with the special tokens of {@code tokenizer_config.json} and the
 * ids of {@code config.json}, into GGUF's words.
 *
 * <p>BPE over bytes becomes {@code gpt2}, BPE with SentencePiece's blank becomes {@code llama} with
 * merges and no scores; other models keep a name that no tokenizer accepts.
 */
public final class HuggingFaceTokenizer {
  /** The file that makes a directory carry a tokenizer. */
  public static final String FILE = "tokenizer.json";

  /** The file that may state its special tokens. */
  public static final String CONFIG_FILE = "tokenizer_config.json";

  private static final int MAX_TOKENIZER_BYTES = 128 << 20;
  private static final int MAX_CONFIG_BYTES = 16 << 20;

  private final JsonObject tokenizer;
  private final JsonObject model;
  private final JsonObject config;
  private final Metadata modelConfig;
  private final @Nullable String chatTemplate;
  private final boolean byteLevel;
  private final boolean sentencePiece;

  private HuggingFaceTokenizer(
      JsonObject tokenizer,
      JsonObject config,
      Metadata modelConfig,
      @Nullable String chatTemplate) {
    this.chatTemplate = chatTemplate;
    this.tokenizer = tokenizer;
    this.config = config;
    this.modelConfig = modelConfig;
    this.model =
        tokenizer
            .object("model")
            .orElseThrow(() -> tokenizer.unexpected("model", "an object, but absent"));
    boolean isBpe = modelType().equals("BPE");
    this.byteLevel =
        isBpe
            && (contains(tokenizer.object("pre_tokenizer"), "pretokenizers", "ByteLevel")
                || contains(tokenizer.object("decoder"), "decoders", "ByteLevel"));
    this.sentencePiece =
        isBpe
            && !byteLevel
            && (model.bool("byte_fallback", false)
                || contains(tokenizer.object("pre_tokenizer"), "pretokenizers", "Metaspace")
                || contains(tokenizer.object("normalizer"), "normalizers", "Prepend"));
  }

  /**
   * The tokenizer of a directory; empty if it has no {@link #FILE}.
   *
   * @param modelConfig the content of {@code config.json}
   * @throws ModelException if a file is malformed, or a token or merge is
   */
  public static Optional<Vocabulary> read(ModelDirectory directory, Metadata modelConfig) {
    Path file = directory.path().resolve(FILE);
    Path configFile = directory.path().resolve(CONFIG_FILE);
    return directory
        .object(FILE, MAX_TOKENIZER_BYTES)
        .map(
            root -> {
              JsonObject config =
                  directory
                      .object(CONFIG_FILE, MAX_CONFIG_BYTES)
                      .map(values -> new JsonObject(configFile, "", values))
                      .orElse(JsonObject.empty(configFile));
              return new HuggingFaceTokenizer(
                      new JsonObject(file, "", root),
                      config,
                      modelConfig,
                      ChatTemplate.read(directory, config))
                  .vocabulary();
            });
  }

  private Vocabulary vocabulary() {
    TokenTable table = new TokenTable(tokenizer, model, sentencePiece);
    OptionalInt bos = special("bos_token", table);
    OptionalInt eos = special("eos_token", table);
    return new Vocabulary(
        modelName(),
        byteLevel
            ? PreTokenizerNames.name(
                tokenizer.object("normalizer"), tokenizer.object("pre_tokenizer"))
            : null,
        table.tokens(),
        null,
        table.types(),
        merges(),
        bos,
        eos,
        OptionalInt.empty(),
        unknown(table),
        special("pad_token", table),
        addsSpecial("add_bos_token", bos, table, true),
        addsSpecial("add_eos_token", eos, table, false),
        sentencePiece ? Boolean.valueOf(prependsBlank()) : null,
        chatTemplate);
  }

  private String modelType() {
    // Files of old versions leave the type out of BPE models.
    return model.string("type").orElse(model.get("merges") != null ? "BPE" : "");
  }

  private String modelName() {
    if (byteLevel) {
      return "gpt2";
    }
    return switch (modelType()) {
      case "BPE" -> sentencePiece ? "llama" : "bpe";
      case "Unigram" -> "t5";
      case "WordPiece" -> "bert";
      default -> modelType().toLowerCase(Locale.ROOT);
    };
  }

  private static boolean contains(Optional<JsonObject> step, String inner, String type) {
    return step.isPresent()
        && (step.get().type().equals(type)
            || (step.get().type().equals("Sequence")
                && step.get().objects(inner).stream()
                    .anyMatch(nested -> contains(Optional.of(nested), inner, type))));
  }

  /** Whether SentencePiece's blank is put in front of a text. */
  private boolean prependsBlank() {
    if (contains(tokenizer.object("normalizer"), "normalizers", "Prepend")) {
      return true;
    }
    Optional<JsonObject> metaspace =
        tokenizer.object("pre_tokenizer").filter(step -> step.type().equals("Metaspace"));
    return metaspace.isPresent()
        && metaspace
            .get()
            .string("prepend_scheme")
            .map(scheme -> !scheme.equals("never"))
            .orElseGet(() -> metaspace.get().bool("add_prefix_space", true));
  }

  private List<String> merges() {
    List<?> stated = model.array("merges").orElse(List.of());
    List<String> merges = new ArrayList<>(stated.size());
    for (Object merge : stated) {
      String text = null;
      if (merge instanceof String line) {
        text = line;
      } else if (merge instanceof List<?> pair
          && pair.size() == 2
          && pair.get(0) instanceof String left
          && pair.get(1) instanceof String right) {
        text = left + ' ' + right;
      }
      int blank = text == null ? -1 : text.indexOf(' ');
      if (text == null
          || blank < 1
          || blank == text.length() - 1
          || text.indexOf(' ', blank + 1) >= 0) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            tokenizer.file(),
            "merge %d is no pair of tokens%s"
                .formatted(merges.size(), text == null ? "" : ": " + Quoted.quote(text)));
      }
      merges.add(text);
    }
    return merges;
  }

  private OptionalInt unknown(TokenTable table) {
    Optional<String> text = model.string("unk_token").or(() -> text("unk_token"));
    return text.isPresent() ? table.id(text.get()) : OptionalInt.empty();
  }

  /** The id of a special token: by its text first, else by the id that config.json states. */
  private OptionalInt special(String key, TokenTable table) {
    Optional<String> text = text(key);
    if (text.isPresent()) {
      return table.id(text.get());
    }
    Object id = modelConfig.value(key + "_id").orElse(null);
    if (id instanceof List<?> ids && !ids.isEmpty()) {
      id = ids.getFirst();
    }
    if (id != null && !(id instanceof Long)) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          tokenizer.file().resolveSibling("config.json"),
          key + "_id is " + Quoted.escape(id.toString()) + ", which is no token id");
    }
    // Small models often state the default ids of a large vocabulary.
    return id instanceof Long number && number >= 0 && number < table.tokens().size()
        ? OptionalInt.of(number.intValue())
        : OptionalInt.empty();
  }

  /** A special token of tokenizer_config.json: its text, or an object with it. */
  private Optional<String> text(String key) {
    return config.get(key) instanceof Map
        ? config.object(key).flatMap(token -> token.string("content"))
        : config.string(key);
  }

  /**
   * Whether a special token is put at the {@code first} or last place: as tokenizer_config.json
   * says, else as the template of the post-processor does.
   */
  private Boolean addsSpecial(String key, OptionalInt id, TokenTable table, boolean first) {
    if (config.get(key) != null) {
      return config.bool(key, false);
    }
    Optional<List<JsonObject>> template = tokenizer.object("post_processor").flatMap(this::single);
    if (template.isEmpty() || template.get().isEmpty() || id.isEmpty()) {
      return false;
    }
    JsonObject edge = first ? template.get().getFirst() : template.get().getLast();
    Optional<String> token = edge.object("SpecialToken").flatMap(special -> special.string("id"));
    return token.isPresent() && table.id(token.get()).equals(id);
  }

  private Optional<List<JsonObject>> single(JsonObject processor) {
    return switch (processor.type()) {
      case "TemplateProcessing" -> Optional.of(processor.objects("single"));
      case "Sequence" ->
          processor.objects("processors").stream()
              .map(this::single)
              .flatMap(Optional::stream)
              .findFirst();
      default -> Optional.empty();
    };
  }
}
