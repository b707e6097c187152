package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.OptionalInt;
import java.util.function.IntConsumer;

/** Byte-level BPE: words, their bytes as letters, merges by rank (Radford et al., GPT-2). */
final class ByteLevelEncoder implements SegmentEncoder {
  private final Symbols symbols;
  private final MergeTable merges;
  private final PreTokenizer preTokenizer;
  private final OptionalInt unknown;
  private final Path source;
  private final int[] byteSymbols = new int[256];

  /**
   * @throws ModelException if there are no merges or one is malformed
   */
  ByteLevelEncoder(
      Vocabulary vocabulary, Symbols symbols, TokenizerRules rules, String pre, Path source) {
    if (vocabulary.merges().isEmpty()) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source,
          "the tokenizer has no merges (tokenizer.ggml.merges), which byte-level BPE needs."
              + " Pass token ids instead of a text");
    }
    this.symbols = symbols;
    this.merges = new MergeTable(vocabulary.merges(), symbols, source);
    this.preTokenizer = TokenizerRules.preTokenizer(pre, source);
    this.unknown = rules.unknown();
    this.source = source;
    for (int b = 0; b < 256; b++) {
      byteSymbols[b] = symbols.intern(String.valueOf(ByteLetters.letter(b)));
    }
  }

  @Override
  public void encode(String text, IntConsumer ids) {
    int[] points = text.codePoints().toArray();
    BitSet cuts = preTokenizer.cuts(points);
    PairMerger merger = new PairMerger();
    int to;
    for (int from = 0; from < points.length; from = to) {
      int cut = cuts.nextSetBit(from + 1);
      to = cut < 0 ? points.length : cut;
      encodeWord(new String(points, from, to - from), merger, ids);
    }
  }

  private void encodeWord(String word, PairMerger merger, IntConsumer ids) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    if (preTokenizer.prefersWholeWords() && bytes.length <= symbols.longest()) {
      int whole = symbols.find(letters(bytes));
      if (whole != Symbols.NONE && symbols.isToken(whole)) {
        ids.accept(whole);
        return;
      }
    }
    for (int i = 0; i < bytes.length; i++) {
      merger.append(byteSymbols[bytes[i] & 0xFF], i);
    }
    merger.merge(merges, bytes.length, (symbol, from, to) -> emit(symbol, ids));
  }

  private void emit(int symbol, IntConsumer ids) {
    if (symbols.isToken(symbol)) {
      ids.accept(symbol);
      return;
    }
    // Merges can lead to a text that is no token: fall back to its letters.
    String text = symbols.text(symbol);
    for (int i = 0; i < text.length(); i++) {
      int letter = symbols.find(text.substring(i, i + 1));
      if (letter != Symbols.NONE && symbols.isToken(letter)) {
        ids.accept(letter);
      } else if (unknown.isPresent()) {
        ids.accept(unknown.getAsInt());
      } else {
        throw new ModelException(
            ErrorCode.UNSUPPORTED_TOKENIZER,
            source,
            "the vocabulary has no token for byte 0x%02X (%s) and no unknown token; use another"
                    .formatted(
                        ByteLetters.unsignedByte(text.charAt(i)),
                        Quoted.of(text.substring(i, i + 1)))
                + " text or pass token ids");
      }
    }
  }

  private static String letters(byte[] bytes) {
    char[] letters = new char[bytes.length];
    for (int i = 0; i < letters.length; i++) {
      letters[i] = ByteLetters.letter(bytes[i] & 0xFF);
    }
    return new String(letters);
  }
}
