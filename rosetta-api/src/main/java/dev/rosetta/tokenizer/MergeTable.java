package dev.rosetta.tokenizer;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** BPE merges: the rank of a pair of symbols is its position in the list. Immutable. */
final class MergeTable implements PairMerger.Pairs {
  private static final long FREE = -1;

  private final long[] pairs;
  private final int[] ranks;
  private final int[] results;

  /**
   * @throws ModelException if an entry is not two parts separated by one blank
   */
  MergeTable(List<String> merges, Symbols symbols, Path source) {
    int slots = Integer.highestOneBit(Math.max(8, merges.size())) * 4;
    pairs = new long[slots];
    Arrays.fill(pairs, FREE);
    ranks = new int[slots];
    results = new int[merges.size()];
    for (int rank = 0; rank < results.length; rank++) {
      String merge = merges.get(rank);
      int blank = merge.indexOf(' ');
      if (blank <= 0 || blank == merge.length() - 1 || merge.indexOf(' ', blank + 1) >= 0) {
        throw new ModelException(
            ErrorCode.MALFORMED,
            source,
            "tokenizer merge %d is %s; a merge is two parts separated by one blank"
                .formatted(rank, Quoted.of(merge)));
      }
      String left = merge.substring(0, blank);
      String right = merge.substring(blank + 1);
      put(symbols.intern(left), symbols.intern(right), rank);
      results[rank] = symbols.intern(left.concat(right));
    }
  }

  @Override
  public long join(int left, int right, int from, int to) {
    if (left == Symbols.NONE || right == Symbols.NONE) {
      return NONE;
    }
    long pair = (long) left << 32 | right;
    for (int slot = slot(pair); pairs[slot] != FREE; slot = slot + 1 & pairs.length - 1) {
      if (pairs[slot] == pair) {
        return PairMerger.Pairs.joined(ranks[slot], results[ranks[slot]]);
      }
    }
    return NONE;
  }

  /** Of equal pairs the first keeps its rank. */
  private void put(int left, int right, int rank) {
    long pair = (long) left << 32 | right;
    int slot = slot(pair);
    while (pairs[slot] != FREE) {
      if (pairs[slot] == pair) {
        return;
      }
      slot = slot + 1 & pairs.length - 1;
    }
    pairs[slot] = pair;
    ranks[slot] = rank;
  }

  private int slot(long pair) {
    long mixed = pair * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 32) & pairs.length - 1;
  }
}
