package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The rules in effect for a vocabulary: what its file states, and llama.cpp's defaults for what it
 * leaves open.
 *
 * @param family the algorithm
 * @param preTokenizer name of the pre-tokenizer in effect, {@code default} where none is stated;
 *     null for families that have none
 * @param bos beginning-of-sequence id
 * @param eos end-of-sequence id
 * @param unknown id for what the vocabulary cannot express
 * @param padding padding id
 * @param addBos whether a text starts with {@code bos}
 * @param addEos whether a text ends with {@code eos}
 * @param addSpacePrefix whether a blank goes in front of a text
 * @param notes one sentence for each default that deserves attention
 */
public record TokenizerRules(
    Family family,
    @Nullable String preTokenizer,
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt unknown,
    OptionalInt padding,
    boolean addBos,
    boolean addEos,
    boolean addSpacePrefix,
    List<String> notes) {

  /** Tokenization algorithms. */
  public enum Family {
    /** BPE over bytes, cut into words by a pre-tokenizer: GGUF's {@code gpt2}. */
    BYTE_LEVEL_BPE("gpt2"),
    /** BPE over characters with byte fallback, best score first: GGUF's {@code llama}. */
    SENTENCE_PIECE("llama"),
    /** The same, where merges by rank are given instead of scores: Hugging Face's llama files. */
    SENTENCE_PIECE_MERGES("llama, by merges");

    private final String label;

    Family(String label) {
      this.label = label;
    }

    /** The name in reports. */
    public String label() {
      return label;
    }
  }

  /** A blank as byte-level vocabularies and as SentencePiece spell it. */
  private static final String BYTE_LEVEL_BLANK = "\u0120";

  private static final String SENTENCE_PIECE_BLANK = "\u2581";

  public TokenizerRules {
    notes = List.copyOf(notes);
  }

  /**
   * The rules of {@code vocabulary}, which {@code source} holds.
   *
   * @throws ModelException if the family or the pre-tokenizer is not supported, or a special id is
   *     outside the vocabulary
   */
  public static TokenizerRules of(Vocabulary vocabulary, Path source) {
    List<String> notes = new ArrayList<>();
    Family family = family(vocabulary, source, notes);
    boolean pieces = family != Family.BYTE_LEVEL_BPE;
    String pre = null;
    boolean addBos = pieces;
    if (!pieces) {
      pre = vocabulary.preTokenizer();
      if (pre == null) {
        pre = "default";
        notes.add("no pre-tokenizer is stated (tokenizer.ggml.pre): \"default\" is in effect");
      }
      addBos = preTokenizer(pre, source).addsBos();
    }
    Ids ids = new Ids(vocabulary.tokens().size(), source);
    OptionalInt bos = ids.check("bos_token_id", vocabulary.bos(), pieces ? 1 : Ids.NO_DEFAULT);
    OptionalInt eos = ids.check("eos_token_id", vocabulary.eos(), pieces ? 2 : Ids.NO_DEFAULT);
    OptionalInt unknown =
        ids.check("unknown_token_id", vocabulary.unknown(), pieces ? 0 : Ids.NO_DEFAULT);
    OptionalInt padding = ids.check("padding_token_id", vocabulary.padding(), Ids.NO_DEFAULT);
    Boolean statedSpace = vocabulary.addSpacePrefix();
    return new TokenizerRules(
        family,
        pre,
        bos,
        eos,
        unknown,
        padding,
        ids.adds("add_bos_token", vocabulary.addBos(), addBos, "bos_token_id", bos),
        ids.adds("add_eos_token", vocabulary.addEos(), false, "eos_token_id", eos),
        pieces && (statedSpace == null || statedSpace),
        notes);
  }

  private static Family family(Vocabulary vocabulary, Path source, List<String> notes) {
    String model = vocabulary.model();
    if (model != null && model.equals("gpt2")) {
      return Family.BYTE_LEVEL_BPE;
    }
    if (model != null && model.equals("llama")) {
      return sentencePiece(vocabulary);
    }
    if (model != null && !model.equalsIgnoreCase("bpe")) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_TOKENIZER,
          source,
          "tokenizer model %s is not supported (tokenizer.ggml.model); supported: gpt2, llama."
                  .formatted(Quoted.of(model))
              + " Pass token ids instead of a text");
    }
    // aprender writes "bpe" or nothing: the spelling of a blank tells the family.
    boolean letters = vocabulary.tokens().contains(BYTE_LEVEL_BLANK);
    boolean pieces = vocabulary.tokens().contains(SENTENCE_PIECE_BLANK);
    if (letters == pieces) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_TOKENIZER,
          source,
          "no tokenizer model is stated (tokenizer.ggml.model), and the tokens do not tell:"
              + " exactly one of \"\u0120\" (byte-level BPE) and \"\u2581\" (SentencePiece) is"
              + " expected among them. Pass token ids instead of a text");
    }
    Family family = letters ? Family.BYTE_LEVEL_BPE : sentencePiece(vocabulary);
    notes.add(
        "the tokenizer model is taken from the spelling of a blank among the tokens: "
            + family.label());
    return family;
  }

  private static Family sentencePiece(Vocabulary vocabulary) {
    return vocabulary.scores() == null && !vocabulary.merges().isEmpty()
        ? Family.SENTENCE_PIECE_MERGES
        : Family.SENTENCE_PIECE;
  }

  static PreTokenizer preTokenizer(String name, Path source) {
    return PreTokenizer.named(name)
        .orElseThrow(
            () ->
                new ModelException(
                    ErrorCode.UNSUPPORTED_TOKENIZER,
                    source,
                    "pre-tokenizer %s is not supported (tokenizer.ggml.pre); supported: %s."
                            .formatted(Quoted.of(name), String.join(", ", PreTokenizer.supported()))
                        + " Pass token ids instead of a text"));
  }

  private record Ids(int tokens, Path source) {
    static final int NO_DEFAULT = -1;

    /** A stated id, or a default that exists; GGUF's 0xFFFFFFFF, read as -1, means none. */
    OptionalInt check(String key, OptionalInt stated, int byDefault) {
      if (stated.isEmpty()) {
        return byDefault != NO_DEFAULT && byDefault < tokens
            ? OptionalInt.of(byDefault)
            : OptionalInt.empty();
      }
      int id = stated.getAsInt();
      if (id == -1) {
        return OptionalInt.empty();
      }
      if (id < 0 || id >= tokens) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            source,
            "tokenizer %s is %d, outside the vocabulary of %d tokens".formatted(key, id, tokens));
      }
      return stated;
    }

    boolean adds(
        String key, @Nullable Boolean stated, boolean byDefault, String idKey, OptionalInt id) {
      if (stated == null) {
        return byDefault && id.isPresent();
      }
      if (stated && id.isEmpty()) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            source,
            "tokenizer %s is true, but there is no %s".formatted(key, idKey));
      }
      return stated;
    }
  }
}
