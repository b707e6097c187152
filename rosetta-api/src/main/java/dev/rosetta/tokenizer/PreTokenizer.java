package dev.rosetta.tokenizer;

import dev.rosetta.tokenizer.Split.Gpt2Words;
import dev.rosetta.tokenizer.Split.Llama3Words;
import dev.rosetta.tokenizer.Split.Run;
import dev.rosetta.tokenizer.Split.TrailingSpace;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * How byte-level BPE cuts a text into words before it merges. Names and patterns follow {@code
 * tokenizer.ggml.pre} in llama.cpp's {@code llama-vocab.cpp}; a later pattern cuts the pieces that
 * the earlier ones left.
 */
@SuppressWarnings("ImmutableEnumChecker") // lists made by List.of, of strings and records
enum PreTokenizer {
  DEFAULT(
      List.of("default"),
      Run.of(Letters::isMark),
      new Gpt2Words(),
      Run.of(Letters::isNumber),
      Run.exactly(3, Letters::isAsciiDigit)),
  GPT2(List.of("gpt-2", "phi-2", "mpt", "olmo", "jais"), new Gpt2Words()),
  LLAMA3(
      List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"),
      new Llama3Words(3)),
  SMAUG(List.of("smaug-bpe", "dbrx"), new Llama3Words(3)),
  QWEN2(List.of("qwen2", "deepseek-r1-qwen", "stablelm2", "hunyuan"), new Llama3Words(1)),
  STARCODER(
      List.of("starcoder", "refact", "command-r", "smollm", "codeshell", "exaone"),
      Run.exactly(1, Letters::isNumber),
      new Gpt2Words()),
  FALCON(
      List.of("falcon"),
      Run.of(Letters::isFalconMark),
      new Gpt2Words(),
      Run.exactly(3, Letters::isAsciiDigit)),
  DEEPSEEK_LLM(
      List.of("deepseek-llm"),
      Run.exactly(1, Letters::isLineBreak),
      Run.afterSpace(Letters::isDeepSeekCased),
      Run.afterSpace(Letters::isDeepSeekMark),
      new TrailingSpace(),
      Run.of(Letters::isDeepSeekCjk),
      Run.of(Letters::isNumber)),
  DEEPSEEK_CODER(
      List.of("deepseek-coder"),
      Run.exactly(1, Letters::isLineBreak),
      Run.afterSpace(Letters::isLetter),
      Run.afterSpace(Letters::isPunctuation),
      Run.of(Letters::isDeepSeekCjk),
      Run.exactly(1, Letters::isNumber));

  private final List<String> names;
  private final List<Split> splits;

  PreTokenizer(List<String> names, Split... splits) {
    this.names = names;
    this.splits = List.of(splits);
  }

  static Optional<PreTokenizer> named(String name) {
    return Arrays.stream(values()).filter(pre -> pre.names.contains(name)).findFirst();
  }

  /** Every name that {@link #named} knows. */
  static List<String> supported() {
    return Arrays.stream(values()).flatMap(pre -> pre.names.stream()).toList();
  }

  /** The positions at which words of {@code text} begin, besides 0. */
  BitSet cuts(int[] text) {
    BitSet cuts = new BitSet(text.length + 1);
    for (Split split : splits) {
      int to;
      for (int from = 0; from < text.length; from = to) {
        int cut = cuts.nextSetBit(from + 1);
        to = cut < 0 ? text.length : cut;
        split.cut(text, from, to, cuts);
      }
    }
    return cuts;
  }

  /** Whether a word that is a token as a whole is taken as such, whatever the merges say. */
  boolean prefersWholeWords() {
    return this == LLAMA3;
  }

  /** Whether BOS goes in front of a text where the file does not say. */
  boolean addsBos() {
    return this == LLAMA3;
  }
}
