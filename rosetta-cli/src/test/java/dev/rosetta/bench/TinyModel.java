package dev.rosetta.bench;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ModelFormats;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * A random decoder of a few hundred thousand parameters, Q and K rows in half-split order. Weights
 * are a mixture of a Gaussian and a wider one, scaled so that activations stay of order one, or
 * they are shaped like trained ones: heavy tails, a few strong input channels, rows that are nearly
 * dead.
 */
final class TinyModel {
  private final Shape shape;
  private final SequencedMap<TensorRole, Matrix> weights = new LinkedHashMap<>();
  private final Map<String, byte[]> encoded = new ConcurrentHashMap<>();
  private final Random random;
  private final boolean likeTrained;

  /**
   * Sizes, pairwise distinct so that no mistake can hide behind an equal dimension.
   *
   * @param tied whether the embedding is the output head
   * @param tokenizer whether files carry a vocabulary
   */
  record Shape(
      String architecture,
      int layers,
      int hidden,
      int heads,
      int kvHeads,
      int headDim,
      int ffn,
      int vocabulary,
      double theta,
      double eps,
      boolean tied,
      boolean tokenizer) {

    int queries() {
      return heads * headDim;
    }

    int keys() {
      return kvHeads * headDim;
    }

    boolean hasBias() {
      return architecture.equals("qwen2");
    }

    boolean hasQkNorm() {
      return architecture.equals("qwen3");
    }

    boolean isLlama() {
      return architecture.equals("llama");
    }

    /** Whether every row of every weight is made of whole blocks of {@code size} elements. */
    boolean fits(int size) {
      return hidden % size == 0 && queries() % size == 0 && ffn % size == 0;
    }
  }

  TinyModel(Shape shape, long seed) {
    this(shape, seed, false);
  }

  /**
   * @param likeTrained whether weights are shaped like trained ones
   */
  TinyModel(Shape shape, long seed, boolean likeTrained) {
    this.shape = shape;
    this.random = new Random(seed);
    this.likeTrained = likeTrained;
    add(TensorRole.weight(Part.EMBEDDING), matrix(shape.vocabulary, shape.hidden, 1));
    for (int layer = 0; layer < shape.layers; layer++) {
      layer(layer);
    }
    add(TensorRole.weight(Part.FINAL_NORM), norm(shape.hidden));
    if (!shape.tied) {
      add(TensorRole.weight(Part.OUTPUT), matrix(shape.vocabulary, shape.hidden));
    }
  }

  /**
   * A trained model of this shape, from a SafeTensors folder of 32-bit values.
   *
   * @throws dev.rosetta.model.ModelException if it cannot be read
   */
  TinyModel(Shape shape, Path folder) {
    this.shape = shape;
    this.random = new Random(0);
    this.likeTrained = false;
    SequencedMap<TensorRole, Matrix> shapes = new TinyModel(shape, 0).weights;
    try (ModelSource source = ModelFormats.load().open(folder)) {
      for (TensorInfo tensor : source.tensors()) {
        TensorRole role = Draft.role(tensor.name());
        Matrix model = Objects.requireNonNull(shapes.get(role), tensor.name());
        float[] values = new float[model.values().length];
        source.read(tensor, 0, MemorySegment.ofArray(values), tensor.byteSize());
        shapes.put(role, new Matrix(model.rows(), model.columns(), values));
      }
    }
    weights.putAll(shapes);
  }

  private void layer(int layer) {
    add(TensorRole.weight(Part.ATTN_NORM, layer), norm(shape.hidden));
    int[] rows = {shape.queries(), shape.keys(), shape.keys()};
    Part[] parts = {Part.Q, Part.K, Part.V};
    for (int i = 0; i < parts.length; i++) {
      add(TensorRole.weight(parts[i], layer), matrix(rows[i], shape.hidden));
      if (shape.hasBias()) {
        add(TensorRole.bias(parts[i], layer), matrix(1, rows[i], 0.3));
      }
    }
    if (shape.hasQkNorm()) {
      add(TensorRole.weight(Part.Q_NORM, layer), norm(shape.headDim));
      add(TensorRole.weight(Part.K_NORM, layer), norm(shape.headDim));
    }
    add(TensorRole.weight(Part.ATTN_OUT, layer), matrix(shape.hidden, shape.queries()));
    add(TensorRole.weight(Part.FFN_NORM, layer), norm(shape.hidden));
    add(TensorRole.weight(Part.FFN_GATE, layer), matrix(shape.ffn, shape.hidden));
    add(TensorRole.weight(Part.FFN_UP, layer), matrix(shape.ffn, shape.hidden));
    add(TensorRole.weight(Part.FFN_DOWN, layer), matrix(shape.hidden, shape.ffn));
  }

  private void add(TensorRole role, Matrix matrix) {
    weights.put(role, matrix);
  }

  private Matrix matrix(int rows, int columns) {
    return matrix(rows, columns, 1 / Math.sqrt(columns));
  }

  private Matrix matrix(int rows, int columns, double deviation) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      double wide = random.nextInt(20) == 0 ? 2.5 : 0.85;
      double value = likeTrained ? heavyTailed() : wide * random.nextGaussian();
      values[i] = (float) (deviation * value);
    }
    if (likeTrained && rows > 1) {
      shape(values, rows, columns);
    }
    return new Matrix(rows, columns, values);
  }

  /** Student's t with 4 degrees of freedom, of unit variance. */
  private double heavyTailed() {
    double squares = 0;
    for (int i = 0; i < 4; i++) {
      double gaussian = random.nextGaussian();
      squares += gaussian * gaussian;
    }
    return random.nextGaussian() / Math.sqrt(squares / 4) / Math.sqrt(2);
  }

  /** A few input channels up to five times as strong, one row in 40 down to 10^-8 of the others. */
  private void shape(float[] values, int rows, int columns) {
    for (int i = 0; i < Math.max(2, columns / 64); i++) {
      int column = random.nextInt(columns);
      double strength = 1 + 4 * random.nextDouble();
      for (int row = 0; row < rows; row++) {
        values[row * columns + column] *= (float) strength;
      }
    }
    for (int i = 0; i < Math.max(1, rows / 40); i++) {
      int from = random.nextInt(rows) * columns;
      double dead = Math.pow(10, -2 - 6 * random.nextDouble());
      for (int column = 0; column < columns; column++) {
        values[from + column] *= (float) dead;
      }
    }
  }

  private Matrix norm(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) Math.exp(0.3 * random.nextGaussian());
    }
    return new Matrix(1, size, values);
  }

  Shape shape() {
    return shape;
  }

  /** Every weight by role, in forward-pass order. */
  SequencedMap<TensorRole, Matrix> weights() {
    return weights;
  }

  /** The encoded form of one of {@link #weights()}, computed once. */
  byte[] encoded(TensorRole role, ElementType type, boolean pairs, Supplier<byte[]> encoding) {
    return encoded.computeIfAbsent(role + " " + type + " " + pairs, key -> encoding.get());
  }
}
