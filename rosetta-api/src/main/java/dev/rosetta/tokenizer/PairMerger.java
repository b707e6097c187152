package dev.rosetta.tokenizer;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * Joins neighbouring symbols of one word, best pair first, until none is left to join: O(n log n)
 * in the symbols of the word. Of equally good pairs the leftmost goes first.
 *
 * <p>Reusable from word to word; not thread-safe.
 */
final class PairMerger {

  /** Which pairs join, into what, and how eagerly. */
  @FunctionalInterface
  interface Pairs {
    /** The pair does not join. */
    long NONE = -1;

    /**
     * Looks up the pair of symbols {@code left} and {@code right}, which covers {@code [from, to)}
     * of the word.
     *
     * @return {@link #joined} of the result, or {@link #NONE}
     */
    long join(int left, int right, int from, int to);

    /** Packs a result: a smaller priority joins earlier; {@code symbol} is not negative. */
    static long joined(int priority, int symbol) {
      return (long) priority << 32 | symbol;
    }
  }

  private static final int END = -1;

  private final LongHeap queue = new LongHeap();
  private int[] symbol = new int[32];
  private int[] start = new int[32];
  private int[] next = new int[32];
  private int[] previous = new int[32];
  // What the pair that begins at a position joins into, or Symbols.NONE, and its priority.
  private int[] result = new int[32];
  private int[] priority = new int[32];
  private int count;

  /** Appends a symbol that begins at {@code from} in the word; it may be {@link Symbols#NONE}. */
  void append(int id, int from) {
    if (count == symbol.length) {
      int capacity = Math.multiplyExact(count, 2);
      symbol = Arrays.copyOf(symbol, capacity);
      start = Arrays.copyOf(start, capacity);
      next = Arrays.copyOf(next, capacity);
      previous = Arrays.copyOf(previous, capacity);
      result = Arrays.copyOf(result, capacity);
      priority = Arrays.copyOf(priority, capacity);
    }
    symbol[count] = id;
    start[count] = from;
    count++;
  }

  /** A symbol of the finished word and the range it covers. */
  @FunctionalInterface
  interface Sink {
    void accept(int symbol, int from, int to);
  }

  /** Joins what was appended, hands the outcome to {@code sink} in order, and starts anew. */
  void merge(Pairs pairs, int wordEnd, Sink sink) {
    for (int i = 0; i < count; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < count ? i + 1 : END;
    }
    IntConsumer look = left -> look(pairs, left, wordEnd);
    for (int i = 0; i < count; i++) {
      look.accept(i);
    }
    while (!queue.isEmpty()) {
      long key = queue.remove();
      int left = (int) key;
      // An entry is stale once its pair has changed; the changed pair has an entry of its own.
      if (result[left] == Symbols.NONE || priority[left] != (int) (key >> 32)) {
        continue;
      }
      int right = next[left];
      symbol[left] = result[left];
      next[left] = next[right];
      if (next[right] != END) {
        previous[next[right]] = left;
      }
      result[right] = Symbols.NONE;
      if (previous[left] != END) {
        look.accept(previous[left]);
      }
      look.accept(left);
    }
    for (int i = count == 0 ? END : 0; i != END; i = next[i]) {
      sink.accept(symbol[i], start[i], next[i] == END ? wordEnd : start[next[i]]);
    }
    count = 0;
  }

  private void look(Pairs pairs, int left, int wordEnd) {
    result[left] = Symbols.NONE;
    int right = next[left];
    if (right == END) {
      return;
    }
    int to = next[right] == END ? wordEnd : start[next[right]];
    long joined = pairs.join(symbol[left], symbol[right], start[left], to);
    if (joined != Pairs.NONE) {
      result[left] = (int) joined;
      priority[left] = (int) (joined >> 32);
      queue.add((joined >> 32) << 32 | left);
    }
  }
}
