package dev.rosetta.bench;

import java.util.Arrays;
import java.util.Random;

/** Row orders that converters produce; entry r is the row that comes to stand at r. */
final class Orders {
  private Orders() {}

  static int[] identity(int rows) {
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = i;
    }
    return order;
  }

  /** From halves (0 … d/2-1, d/2 … d-1) to pairs (0, d/2, 1, d/2+1, …) within each head. */
  static int[] halvesToPairs(int rows, int headDim) {
    int[] order = new int[rows];
    int half = headDim / 2;
    for (int head = 0; head < rows / headDim; head++) {
      for (int i = 0; i < half; i++) {
        order[head * headDim + 2 * i] = head * headDim + i;
        order[head * headDim + 2 * i + 1] = head * headDim + half + i;
      }
    }
    return order;
  }

  /** The reverse of {@link #halvesToPairs}. */
  static int[] pairsToHalves(int rows, int headDim) {
    int[] order = new int[rows];
    int half = headDim / 2;
    for (int head = 0; head < rows / headDim; head++) {
      for (int i = 0; i < half; i++) {
        order[head * headDim + i] = head * headDim + 2 * i;
        order[head * headDim + half + i] = head * headDim + 2 * i + 1;
      }
    }
    return order;
  }

  /** Whether Q or K rows that a wrong head count brought to pairs and back come out like this. */
  static boolean isOfWrongHeadCount(int[] order, int headDim, int heads, int kvHeads) {
    int rows = order.length;
    int[] dims = {headDim, rows / heads, rows / kvHeads, rows};
    for (int wrong : dims) {
      for (int right : dims) {
        if (wrong > 0 && right > 0 && rows % wrong == 0 && rows % right == 0) {
          int[] there = then(halvesToPairs(rows, wrong), pairsToHalves(rows, right));
          int[] back = then(pairsToHalves(rows, wrong), halvesToPairs(rows, right));
          if (Arrays.equals(order, there) || Arrays.equals(order, back)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /** First {@code first} is applied, then {@code second}. */
  static int[] then(int[] first, int[] second) {
    int[] order = new int[first.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = first[second[i]];
    }
    return order;
  }

  /** Two different groups of {@code size} rows change places. */
  static int[] swapGroups(int rows, int size, Random random) {
    int[] order = identity(rows);
    int groups = rows / size;
    int one = random.nextInt(groups);
    int other = (one + 1 + random.nextInt(groups - 1)) % groups;
    for (int i = 0; i < size; i++) {
      order[one * size + i] = other * size + i;
      order[other * size + i] = one * size + i;
    }
    return order;
  }

  /** Fisher and Yates. */
  static int[] shuffled(int rows, Random random) {
    int[] order = identity(rows);
    for (int i = rows - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      int kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /**
   * Rows of Q, K and V stacked in this order, taken group by group: the query heads of a group, its
   * key head, its value head.
   */
  static int[] qkvByGroup(int heads, int kvHeads, int headDim) {
    int[] order = new int[(heads + 2 * kvHeads) * headDim];
    int perGroup = heads / kvHeads;
    int at = 0;
    for (int group = 0; group < kvHeads; group++) {
      for (int i = 0; i < perGroup * headDim; i++) {
        order[at++] = group * perGroup * headDim + i;
      }
      for (int i = 0; i < headDim; i++) {
        order[at++] = (heads + group) * headDim + i;
      }
      for (int i = 0; i < headDim; i++) {
        order[at++] = (heads + kvHeads + group) * headDim + i;
      }
    }
    return order;
  }
}
