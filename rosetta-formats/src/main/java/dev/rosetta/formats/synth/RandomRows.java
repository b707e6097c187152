package dev.rosetta.formats.synth;

import dev.rosetta.formats.convert.RowSource;
import dev.rosetta.formats.quant.ElementEncoder;
import dev.rosetta.model.ElementType;

/**
 * Encoded rows of random values, each row from a counter of its own, so that any thread can make
 * any row. Values have a mean of {@code mean} and a standard deviation of {@code deviation}: the
 * sum of four uniform 16-bit numbers, close to a Gaussian. Q4_K, Q5_K and Q6_K blocks are drawn as
 * blocks, see {@link RandomBlocks}; their values have the same deviation and a uniform
 * distribution.
 */
record RandomRows(ElementType type, int columns, long key, double mean, double deviation)
    implements RowSource {
  /** Sum of four numbers below 2^16: its mean, and 1 / its standard deviation. */
  private static final float SUM_MEAN = 4 * 65535 / 2f;

  private static final float SUM_SCALE = (float) (1 / (65536 * Math.sqrt(4 / 12.0)));

  @Override
  public void read(int row, byte[] target, int at) {
    Counter random = new Counter(Counter.mix(key + row * 0x9e3779b97f4a7c15L));
    if (RandomBlocks.draws(type)) {
      RandomBlocks.draw(type, columns, deviation, random, target, at);
      return;
    }
    float[] values = new float[columns];
    float scale = (float) deviation * SUM_SCALE;
    for (int i = 0; i < columns; i++) {
      long bits = random.next();
      int sum =
          (int) (bits & 0xffff)
              + (int) (bits >>> 16 & 0xffff)
              + (int) (bits >>> 32 & 0xffff)
              + (int) (bits >>> 48);
      values[i] = (float) mean + (sum - SUM_MEAN) * scale;
    }
    ElementEncoder encoder =
        ElementEncoder.of(type)
            .orElseThrow(() -> new IllegalArgumentException("there is no encoder for " + type));
    encoder.encode(values, 0, columns, target, at);
  }
}
