package dev.rosetta.cli;

import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;

/**
 * A tiny random model of the qwen2 family with a byte-level vocabulary. Norm weights are near 1 and
 * matrices are scaled by 1/sqrt(in), so that activations stay of order 1. The seed is fixed: every
 * machine makes the same model.
 */
final class DemoModel {
  static final int LAYERS = 2;
  static final int HIDDEN = 64;
  static final int HEADS = 4;
  static final int KV_HEADS = 2;
  static final int HEAD_DIM = HIDDEN / HEADS;
  static final int FFN = 160;
  static final double ROPE_THETA = 10000;
  static final double EPS = 1e-6;
  static final int CONTEXT = 128;

  /** Merges of the vocabulary; each makes one token after the 256 bytes. */
  static final List<String> MERGES = List.of("Ġ t", "h e", "Ġt he");

  static final String END_OF_TEXT = "<|endoftext|>";

  private static final long SEED = 20260118;

  private final List<String> vocabulary = vocabulary();
  private final SequencedMap<TensorRole, Matrix> weights = new LinkedHashMap<>();
  private final Random random = new Random(SEED);

  /**
   * Values of a weight or, with one row, of a norm or bias.
   *
   * @param values {@code rows * columns} values, row-major, {@code [out, in]}
   */
  record Matrix(int rows, int columns, float[] values) {

    boolean isVector() {
      return rows == 1;
    }

    /** The same values with rows and columns exchanged. */
    Matrix transposed() {
      float[] result = new float[values.length];
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          result[column * rows + row] = values[row * columns + column];
        }
      }
      return new Matrix(columns, rows, result);
    }

    /** The rows of several matrices, or the elements of several vectors, one after the other. */
    static Matrix stacked(List<Matrix> parts) {
      int size = parts.stream().mapToInt(part -> part.values.length).sum();
      float[] result = new float[size];
      int at = 0;
      for (Matrix part : parts) {
        System.arraycopy(part.values, 0, result, at, part.values.length);
        at += part.values.length;
      }
      boolean vectors = parts.getFirst().isVector();
      int columns = vectors ? size : parts.getFirst().columns;
      return new Matrix(size / columns, columns, result);
    }
  }

  DemoModel() {
    int kv = KV_HEADS * HEAD_DIM;
    add(TensorRole.weight(Part.EMBEDDING), matrix(vocabulary.size(), HIDDEN, 1));
    for (int layer = 0; layer < LAYERS; layer++) {
      add(TensorRole.weight(Part.ATTN_NORM, layer), norm());
      add(TensorRole.weight(Part.Q, layer), matrix(HIDDEN, HIDDEN));
      add(TensorRole.bias(Part.Q, layer), matrix(1, HIDDEN, 0.1));
      add(TensorRole.weight(Part.K, layer), matrix(kv, HIDDEN));
      add(TensorRole.bias(Part.K, layer), matrix(1, kv, 0.1));
      add(TensorRole.weight(Part.V, layer), matrix(kv, HIDDEN));
      add(TensorRole.bias(Part.V, layer), matrix(1, kv, 0.1));
      add(TensorRole.weight(Part.ATTN_OUT, layer), matrix(HIDDEN, HIDDEN));
      add(TensorRole.weight(Part.FFN_NORM, layer), norm());
      add(TensorRole.weight(Part.FFN_GATE, layer), matrix(FFN, HIDDEN));
      add(TensorRole.weight(Part.FFN_UP, layer), matrix(FFN, HIDDEN));
      add(TensorRole.weight(Part.FFN_DOWN, layer), matrix(HIDDEN, FFN));
    }
    add(TensorRole.weight(Part.FINAL_NORM), norm());
    add(TensorRole.weight(Part.OUTPUT), matrix(vocabulary.size(), HIDDEN));
  }

  /** Every weight by role, in forward-pass order. */
  Map<TensorRole, Matrix> weights() {
    return weights;
  }

  /** The weight of one role. */
  Matrix weight(TensorRole role) {
    return Objects.requireNonNull(weights.get(role));
  }

  /** Token texts in GPT-2's byte-level letters; position = id. */
  List<String> tokens() {
    return vocabulary;
  }

  int endOfText() {
    return vocabulary.size() - 1;
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
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return new Matrix(rows, columns, values);
  }

  private Matrix norm() {
    float[] values = new float[HIDDEN];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (1 + 0.1 * random.nextGaussian());
    }
    return new Matrix(1, HIDDEN, values);
  }

  /** The 256 bytes in GPT-2's order, then the merged tokens, then the end of text. */
  private static List<String> vocabulary() {
    List<String> tokens = new ArrayList<>();
    for (int letter = 0; letter < 256; letter++) {
      if (isPrintable(letter)) {
        tokens.add(Character.toString(letter));
      }
    }
    int unprintable = 256 - tokens.size();
    for (int i = 0; i < unprintable; i++) {
      tokens.add(Character.toString(256 + i));
    }
    MERGES.forEach(merge -> tokens.add(merge.replace(" ", "")));
    tokens.add(END_OF_TEXT);
    return List.copyOf(tokens);
  }

  /** The Latin-1 characters that stand for themselves in GPT-2's byte-level alphabet. */
  private static boolean isPrintable(int letter) {
    return letter >= '!' && letter <= '~'
        || letter >= 0xa1 && letter <= 0xac
        || letter >= 0xae && letter <= 0xff;
  }
}
