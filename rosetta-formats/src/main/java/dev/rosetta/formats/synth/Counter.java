package dev.rosetta.formats.synth;

/**
 * Random 64-bit numbers: SplitMix64 (Steele, Lea and Flood, 2014), a counter and a mixing function.
 * Not thread-safe.
 */
final class Counter {
  private static final long STEP = 0x9e3779b97f4a7c15L;

  private long state;

  Counter(long seed) {
    state = seed;
  }

  long next() {
    state += STEP;
    return mix(state);
  }

  /** SplitMix64's finaliser. */
  static long mix(long value) {
    long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  /** A key for a name under a seed; the same on every machine. */
  static long key(long seed, String name) {
    long hash = mix(seed + STEP);
    for (int i = 0; i < name.length(); i++) {
      hash = mix(hash ^ name.charAt(i));
    }
    return hash;
  }
}
