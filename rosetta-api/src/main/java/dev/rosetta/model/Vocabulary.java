package dev.rosetta.model;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A tokenizer as the file states it. What the file does not state is null or empty; defaults are
 * applied by the tokenizer, not here.
 *
 * @param model tokenizer family in GGUF's words: {@code gpt2} (byte-level BPE), {@code llama}
 *     (SentencePiece BPE), {@code bert}, {@code t5}, …; null if not stated
 * @param preTokenizer pre-tokenizer in GGUF's words ({@code qwen2}, {@code llama-bpe}, …), or null
 * @param tokens token texts, position = id, in the vocabulary's own spelling (byte-level letters,
 *     U+2581 for a space)
 * @param scores SentencePiece scores by id, or null
 * @param types GGUF token types by id (1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6
 *     byte), or null
 * @param merges BPE merges in order of rank, each {@code "left right"}
 * @param bos beginning-of-sequence id
 * @param eos end-of-sequence id
 * @param endOfTurn end-of-turn id
 * @param unknown id of the unknown token
 * @param padding padding id
 * @param addBos whether a prompt starts with {@code bos}, or null if not stated
 * @param addEos whether a prompt ends with {@code eos}, or null if not stated
 * @param addSpacePrefix whether SentencePiece puts a space in front, or null if not stated
 * @param chatTemplate Jinja source, never evaluated, or null
 */
public record Vocabulary(
    @Nullable String model,
    @Nullable String preTokenizer,
    List<String> tokens,
    float @Nullable [] scores,
    int @Nullable [] types,
    List<String> merges,
    OptionalInt bos,
    OptionalInt eos,
    OptionalInt endOfTurn,
    OptionalInt unknown,
    OptionalInt padding,
    @Nullable Boolean addBos,
    @Nullable Boolean addEos,
    @Nullable Boolean addSpacePrefix,
    @Nullable String chatTemplate) {

  /** Whether {@code other} states the same in every respect. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Vocabulary that
        && Objects.equals(model, that.model)
        && Objects.equals(preTokenizer, that.preTokenizer)
        && Arrays.equals(scores, that.scores)
        && Arrays.equals(types, that.types)
        && bos.equals(that.bos)
        && eos.equals(that.eos)
        && endOfTurn.equals(that.endOfTurn)
        && unknown.equals(that.unknown)
        && padding.equals(that.padding)
        && Objects.equals(addBos, that.addBos)
        && Objects.equals(addEos, that.addEos)
        && Objects.equals(addSpacePrefix, that.addSpacePrefix)
        && Objects.equals(chatTemplate, that.chatTemplate)
        && tokens.equals(that.tokens)
        && merges.equals(that.merges);
  }

  @Override
  public int hashCode() {
    return Objects.hash(model, preTokenizer, bos, eos, endOfTurn, unknown, padding, tokens.size());
  }
}
