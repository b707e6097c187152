package dev.rosetta.tokenizer;

import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** Small vocabularies to test with. */
final class Vocabularies {

  private Vocabularies() {}

  /** Byte-level BPE: the 256 letters as ids 0..255, then one token for each merge, then more. */
  static Vocabulary byteLevel(String pre, List<String> merges, String... more) {
    List<String> tokens = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      tokens.add(String.valueOf(ByteLetters.letter(b)));
    }
    merges.forEach(merge -> tokens.add(merge.replace(" ", "")));
    int[] types = new int[tokens.size() + more.length];
    Arrays.fill(types, 1);
    for (int i = 0; i < more.length; i++) {
      types[tokens.size()] = more[i].startsWith("<|") ? 3 : 4;
      tokens.add(more[i]);
    }
    return new Vocabulary(
        "gpt2",
        pre,
        tokens,
        null,
        types,
        merges,
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        null,
        null,
        null,
        null);
  }

  /** SentencePiece: unknown, BOS, EOS, the 256 byte tokens as ids 3..258, then scored pieces. */
  static Vocabulary sentencePiece(List<String> pieces, float... scores) {
    List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int b = 0; b < 256; b++) {
      tokens.add("<0x%02X>".formatted(b));
    }
    tokens.addAll(pieces);
    int[] types = new int[tokens.size()];
    Arrays.fill(types, 0, 3, 3);
    types[0] = 2;
    Arrays.fill(types, 3, 259, 6);
    Arrays.fill(types, 259, types.length, 1);
    float[] all = new float[tokens.size()];
    System.arraycopy(scores, 0, all, 259, scores.length);
    return new Vocabulary(
        "llama",
        null,
        tokens,
        all,
        types,
        List.of(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        null,
        null,
        null,
        null);
  }

  static Vocabulary withModel(Vocabulary v, String model, String pre) {
    return new Vocabulary(
        model,
        pre,
        v.tokens(),
        v.scores(),
        v.types(),
        v.merges(),
        v.bos(),
        v.eos(),
        v.endOfTurn(),
        v.unknown(),
        v.padding(),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withTokens(Vocabulary v, List<String> tokens, int[] types) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        tokens,
        v.scores(),
        types,
        v.merges(),
        v.bos(),
        v.eos(),
        v.endOfTurn(),
        v.unknown(),
        v.padding(),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withScoresAndMerges(Vocabulary v, float[] scores, List<String> merges) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        v.tokens(),
        scores,
        v.types(),
        merges,
        v.bos(),
        v.eos(),
        v.endOfTurn(),
        v.unknown(),
        v.padding(),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withIds(Vocabulary v, int bos, int eos) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        v.tokens(),
        v.scores(),
        v.types(),
        v.merges(),
        OptionalInt.of(bos),
        OptionalInt.of(eos),
        v.endOfTurn(),
        v.unknown(),
        v.padding(),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withEndOfTurn(Vocabulary v, int id) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        v.tokens(),
        v.scores(),
        v.types(),
        v.merges(),
        v.bos(),
        v.eos(),
        OptionalInt.of(id),
        v.unknown(),
        v.padding(),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withPadding(Vocabulary v, int id) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        v.tokens(),
        v.scores(),
        v.types(),
        v.merges(),
        v.bos(),
        v.eos(),
        v.endOfTurn(),
        v.unknown(),
        OptionalInt.of(id),
        v.addBos(),
        v.addEos(),
        v.addSpacePrefix(),
        null);
  }

  static Vocabulary withFlags(Vocabulary v, Boolean addBos, Boolean addEos, Boolean addSpace) {
    return new Vocabulary(
        v.model(),
        v.preTokenizer(),
        v.tokens(),
        v.scores(),
        v.types(),
        v.merges(),
        v.bos(),
        v.eos(),
        v.endOfTurn(),
        v.unknown(),
        v.padding(),
        addBos,
        addEos,
        addSpace,
        null);
  }
}
