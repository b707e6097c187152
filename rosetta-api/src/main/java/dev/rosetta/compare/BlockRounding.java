package dev.rosetta.compare;

import dev.rosetta.model.BlockLayout;
import dev.rosetta.model.ElementType;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodec;
import dev.rosetta.spi.RowDifference;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** What the scales of a weight's blocks tell of its rounding ({@link ElementCodec#rounding}). */
final class BlockRounding implements StoredRounding {
  private static final int BLOCK = RowDifference.BLOCK;
  private static final int RUN = ElementCodec.RUN;

  private final Weight weight;
  private final ElementCodec codec;
  private float[] steps = new float[0];
  private float[] reaches = new float[0];
  private byte[] bytes = new byte[0];

  /**
   * @param weight of which {@link #isTold}
   */
  BlockRounding(Weight weight) {
    this.weight = weight;
    this.codec = Objects.requireNonNull(weight.codec());
  }

  /** Whether the encoded bytes of this weight say how it was rounded. */
  static boolean isTold(Weight weight) {
    ElementType type = weight.tensor().type();
    ElementCodec codec = weight.codec();
    if (codec == null || type.blockElements() % RUN != 0) {
      return false;
    }
    float[] figures = new float[type.blockElements() / RUN];
    byte[] block = new byte[type.blockBytes()];
    return codec.rounding(block, 0, figures, figures, 0, type.blockElements());
  }

  @Override
  public StoredRounding fork() {
    return new BlockRounding(weight);
  }

  @Override
  public void row(int row, double[] energies, double rowEnergy, double[] expected, double[] reach) {
    row(row, expected, reach);
  }

  /** As above; the energies are not needed. */
  void row(int row, double[] expected, double[] reach) {
    int columns = weight.columns();
    int skipped = read(row);
    double scale = (double) weight.tensor().scale() * weight.tensor().scale();
    for (int block = 0; block * BLOCK < columns; block++) {
      int end = skipped + Math.min(columns, (block + 1) * BLOCK);
      double sumSteps = 0;
      double sumReaches = 0;
      int next;
      for (int at = skipped + block * BLOCK; at < end; at = next) {
        int run = at / RUN;
        next = Math.min(end, (run + 1) * RUN);
        sumSteps += (next - at) * (double) steps[run] * steps[run];
        sumReaches += (next - at) * (double) reaches[run] * reaches[run];
      }
      expected[block] = scale * sumSteps / 12;
      reach[block] = scale * sumReaches;
    }
  }

  /** Reads the blocks of a row; gives the number of elements in front of it in the first. */
  private int read(int row) {
    int columns = weight.columns();
    ElementType type = weight.tensor().type();
    int blockElements = type.blockElements();
    long stored = (long) weight.firstRow() + weight.storedRow(row);
    boolean aligned = weight.tensor().layout() == BlockLayout.ROW_ALIGNED;
    long first = Math.multiplyExact(stored, columns);
    int skipped = aligned ? 0 : (int) (first % blockElements);
    int elements =
        Math.toIntExact(Math.ceilDiv((long) skipped + columns, blockElements)) * blockElements;
    int size = Math.toIntExact(type.byteSize(elements));
    if (bytes.length < size) {
      bytes = new byte[size];
      steps = new float[elements / RUN];
      reaches = new float[elements / RUN];
    }
    long from =
        aligned
            ? Math.multiplyExact(stored, type.byteSize(columns))
            : Math.multiplyExact(first / blockElements, (long) type.blockBytes());
    weight.source().read(weight.tensor(), from, MemorySegment.ofArray(bytes), size);
    codec.rounding(bytes, 0, steps, reaches, 0, elements);
    return skipped;
  }
}
