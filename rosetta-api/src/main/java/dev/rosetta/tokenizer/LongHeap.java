package dev.rosetta.tokenizer;

import java.util.Arrays;

/** A min-heap of primitive longs. Not thread-safe. */
final class LongHeap {
  private long[] keys = new long[64];
  private int size;

  boolean isEmpty() {
    return size == 0;
  }

  void add(long key) {
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, Math.multiplyExact(size, 2));
    }
    int i = size++;
    while (i > 0) {
      int parent = (i - 1) >>> 1;
      if (keys[parent] <= key) {
        break;
      }
      keys[i] = keys[parent];
      i = parent;
    }
    keys[i] = key;
  }

  long remove() {
    long least = keys[0];
    long last = keys[--size];
    int i = 0;
    for (int child = 1; child < size; child = 2 * i + 1) {
      if (child + 1 < size && keys[child + 1] < keys[child]) {
        child++;
      }
      if (last <= keys[child]) {
        break;
      }
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = last;
    return least;
  }
}
