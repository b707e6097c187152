package dev.rosetta.formats.synth;

import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.ModelFacts;
import dev.rosetta.formats.convert.RoleTensor;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import java.util.ArrayList;
import java.util.List;

/**
 * A model with random weights. Norm weights are near 1, biases small, and matrices have a standard
 * deviation of 1/sqrt(in), so that activations stay of order 1 as in a trained model.
 *
 * <p>Shape, mix and seed fix every byte, whatever the format, the machine or the number of threads.
 * Mixes with K-quants are drawn as blocks: they are models of their own, not the quantised form of
 * the F32 model of the same seed.
 */
public final class SyntheticModel {
  private static final int CONTEXT = 4096;

  private final ModelShape shape;
  private final ElementMix mix;
  private final long seed;
  private final List<RoleTensor> tensors = new ArrayList<>();

  private SyntheticModel(ModelShape shape, ElementMix mix, long seed) {
    this.shape = shape;
    this.mix = mix;
    this.seed = seed;
  }

  /** The model of a shape, a mix and a seed; its rows are made when they are read. */
  public static ModelContent of(ModelShape shape, ElementMix mix, long seed) {
    SyntheticModel model = new SyntheticModel(shape, mix, seed);
    model.addTensors();
    return new ModelContent(
        new ModelFacts(
            shape.architecture(),
            "synthetic " + shape.architecture() + " " + mix.label() + " seed " + seed,
            shape.layers(),
            shape.hidden(),
            shape.heads(),
            shape.kvHeads(),
            shape.headDim(),
            shape.ffn(),
            shape.vocab(),
            CONTEXT,
            shape.ropeTheta(),
            shape.rmsNormEps(),
            shape.tied(),
            null,
            0),
        ByteVocabulary.of(shape.architecture(), shape.vocab()),
        mix,
        model.tensors,
        List.of());
  }

  private void addTensors() {
    int hidden = shape.hidden();
    int q = shape.heads() * shape.headDim();
    int kv = shape.kvHeads() * shape.headDim();
    // Logits of a tied head are of order 4, those of its own head of order 1.
    double embedding = shape.tied() ? 4 / Math.sqrt(hidden) : 1;
    matrix(TensorRole.weight(Part.EMBEDDING), shape.vocab(), hidden, embedding);
    for (int layer = 0; layer < shape.layers(); layer++) {
      norm(TensorRole.weight(Part.ATTN_NORM, layer), hidden);
      projection(Part.Q, layer, q, hidden);
      projection(Part.K, layer, kv, hidden);
      projection(Part.V, layer, kv, hidden);
      if (shape.architecture().equals("qwen2")) {
        vector(TensorRole.bias(Part.Q, layer), q, 0);
        vector(TensorRole.bias(Part.K, layer), kv, 0);
        vector(TensorRole.bias(Part.V, layer), kv, 0);
      }
      if (shape.architecture().equals("qwen3")) {
        norm(TensorRole.weight(Part.Q_NORM, layer), shape.headDim());
        norm(TensorRole.weight(Part.K_NORM, layer), shape.headDim());
      }
      projection(Part.ATTN_OUT, layer, hidden, q);
      norm(TensorRole.weight(Part.FFN_NORM, layer), hidden);
      projection(Part.FFN_GATE, layer, shape.ffn(), hidden);
      projection(Part.FFN_UP, layer, shape.ffn(), hidden);
      projection(Part.FFN_DOWN, layer, hidden, shape.ffn());
    }
    norm(TensorRole.weight(Part.FINAL_NORM), hidden);
    if (!shape.tied()) {
      matrix(TensorRole.weight(Part.OUTPUT), shape.vocab(), hidden, 1 / Math.sqrt(hidden));
    }
  }

  private void projection(Part part, int layer, int rows, int columns) {
    matrix(TensorRole.weight(part, layer), rows, columns, 1 / Math.sqrt(columns));
  }

  private void matrix(TensorRole role, int rows, int columns, double deviation) {
    ElementType type = mix.of(role, columns, shape.layers(), shape.tied());
    add(role, type, List.of((long) rows, (long) columns), columns, 0, deviation);
  }

  private void norm(TensorRole role, int size) {
    vector(role, size, 1);
  }

  private void vector(TensorRole role, int size, double mean) {
    add(role, ElementType.F32, List.of((long) size), size, mean, 0.1);
  }

  private void add(
      TensorRole role,
      ElementType type,
      List<Long> dims,
      int columns,
      double mean,
      double deviation) {
    long key = Counter.key(seed, role.toString());
    tensors.add(
        new RoleTensor(role, type, dims, new RandomRows(type, columns, key, mean, deviation)));
  }
}
