package dev.rosetta.formats.synth;

import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** A byte-level vocabulary of any size: 256 bytes, a few merges, an end of text, then padding. */
final class ByteVocabulary {
  private static final int NORMAL = 1;
  private static final int CONTROL = 3;
  private static final int UNUSED = 5;

  private static final List<String> MERGES =
      List.of("Ġ t", "h e", "i n", "Ġ a", "e r", "Ġt he", "a n", "Ġ =");

  private ByteVocabulary() {}

  /**
   * A vocabulary of {@code size} tokens.
   *
   * @param size at least 258
   */
  static Vocabulary of(String architecture, int size) {
    List<String> tokens = new ArrayList<>(size);
    for (int letter = 0; letter < 256; letter++) {
      if (isPrintable(letter)) {
        tokens.add(Character.toString(letter));
      }
    }
    int unprintable = 256 - tokens.size();
    for (int i = 0; i < unprintable; i++) {
      tokens.add(Character.toString(256 + i));
    }
    List<String> merges = MERGES.subList(0, Math.min(MERGES.size(), size - 257));
    merges.forEach(merge -> tokens.add(merge.replace(" ", "")));
    int end = tokens.size();
    tokens.add("<|endoftext|>");
    int[] types = new int[size];
    Arrays.fill(types, NORMAL);
    types[end] = CONTROL;
    for (int id = tokens.size(); id < size; id++) {
      tokens.add("[PAD" + id + "]");
      types[id] = UNUSED;
    }
    return new Vocabulary(
        "gpt2",
        architecture.equals("llama") ? "llama-bpe" : "qwen2",
        List.copyOf(tokens),
        null,
        types,
        List.copyOf(merges),
        OptionalInt.empty(),
        OptionalInt.of(end),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        false,
        false,
        null,
        null);
  }

  /** The Latin-1 characters that stand for themselves in GPT-2's byte-level alphabet. */
  private static boolean isPrintable(int letter) {
    return letter >= '!' && letter <= '~'
        || letter >= 0xa1 && letter <= 0xac
        || letter >= 0xae && letter <= 0xff;
  }
}
