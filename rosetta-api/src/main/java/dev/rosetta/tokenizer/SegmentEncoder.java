package dev.rosetta.tokenizer;

import java.util.function.IntConsumer;

/** Encodes text that holds no special tokens. Implementations are immutable. */
sealed interface SegmentEncoder permits ByteLevelEncoder, SentencePieceEncoder {

  /**
   * Hands the ids of {@code text} to {@code ids}.
   *
   * @throws dev.rosetta.model.ModelException if the vocabulary lacks a byte of the text and has no
   *     unknown token
   */
  void encode(String text, IntConsumer ids);
}
