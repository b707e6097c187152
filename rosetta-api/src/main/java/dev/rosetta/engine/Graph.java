package dev.rosetta.engine;

import static dev.rosetta.model.ConfigField.ACTIVATION;
import static dev.rosetta.model.ConfigField.ATTENTION_SCALE;
import static dev.rosetta.model.ConfigField.HEAD_DIM;
import static dev.rosetta.model.ConfigField.NUM_HEADS;
import static dev.rosetta.model.ConfigField.NUM_KV_HEADS;
import static dev.rosetta.model.ConfigField.RMS_NORM_EPS;
import static dev.rosetta.model.ConfigField.ROPE_SCALING;
import static dev.rosetta.model.ConfigField.ROPE_STYLE;
import static dev.rosetta.model.ConfigField.ROPE_THETA;
import static dev.rosetta.model.ConfigField.SLIDING_WINDOW;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The operations of a model in forward-pass order.
 *
 * <p>The three supported families share one pre-norm decoder and differ in what is present: qwen2
 * has biases on q, k and v, qwen3 a norm on every head of q and k. Presence is read from the
 * model's weights, so a view in which a bias was added or removed has the graph that goes with it.
 */
public final class Graph {
  private static final Set<ConfigField> NOTHING = EnumSet.noneOf(ConfigField.class);

  private Graph() {}

  /** The operation before the first layer. */
  public static List<Operation> embedding(Model model) {
    return List.of(
        new Operation(
            CapturePoint.of(Site.EMBEDDING),
            List.of(),
            List.of(TensorRole.weight(Part.EMBEDDING)),
            NOTHING));
  }

  /** The operations of layer {@code layer}. */
  public static List<Operation> layer(Model model, int layer) {
    return new LayerOperations(model, layer).list();
  }

  /** The operations after the last layer. */
  public static List<Operation> tail(Model model) {
    CapturePoint last = layerInput(model.config().layers());
    TensorRole output = TensorRole.weight(Part.OUTPUT);
    boolean tied = model.weight(output).isEmpty() && model.config().tiedEmbeddings();
    return List.of(
        new Operation(
            CapturePoint.of(Site.FINAL_NORM),
            List.of(last),
            List.of(TensorRole.weight(Part.FINAL_NORM)),
            EnumSet.of(RMS_NORM_EPS)),
        new Operation(
            CapturePoint.of(Site.LOGITS),
            List.of(CapturePoint.of(Site.FINAL_NORM)),
            List.of(tied ? TensorRole.weight(Part.EMBEDDING) : output),
            NOTHING));
  }

  private static CapturePoint layerInput(int layer) {
    return layer == 0 ? CapturePoint.of(Site.EMBEDDING) : CapturePoint.of(Site.OUTPUT, layer - 1);
  }

  private static final class LayerOperations {
    private final Model model;
    private final int layer;
    private final List<Operation> operations = new ArrayList<>();

    LayerOperations(Model model, int layer) {
      this.model = model;
      this.layer = layer;
    }

    List<Operation> list() {
      CapturePoint residual = layerInput(layer);
      CapturePoint attnNorm = norm(Site.ATTN_NORM, residual, Part.ATTN_NORM, RMS_NORM_EPS);
      CapturePoint q = linear(Site.Q, attnNorm, Part.Q);
      CapturePoint k = linear(Site.K, attnNorm, Part.K);
      CapturePoint v = linear(Site.V, attnNorm, Part.V);
      if (model.weight(TensorRole.weight(Part.Q_NORM, layer)).isPresent()) {
        q = norm(Site.Q_NORM, q, Part.Q_NORM, RMS_NORM_EPS, HEAD_DIM);
      }
      if (model.weight(TensorRole.weight(Part.K_NORM, layer)).isPresent()) {
        k = norm(Site.K_NORM, k, Part.K_NORM, RMS_NORM_EPS, HEAD_DIM);
      }
      CapturePoint context =
          add(
              Site.ATTN_CONTEXT,
              List.of(rotary(Site.Q_ROPE, q), rotary(Site.K_ROPE, k), v),
              List.of(),
              EnumSet.of(NUM_HEADS, NUM_KV_HEADS, HEAD_DIM, ATTENTION_SCALE, SLIDING_WINDOW));
      CapturePoint attnOut = linear(Site.ATTN_OUT, context, Part.ATTN_OUT);
      residual = add(Site.ATTN_RESIDUAL, List.of(residual, attnOut), List.of(), NOTHING);
      CapturePoint ffnNorm = norm(Site.FFN_NORM, residual, Part.FFN_NORM, RMS_NORM_EPS);
      CapturePoint gate = linear(Site.FFN_GATE, ffnNorm, Part.FFN_GATE);
      CapturePoint up = linear(Site.FFN_UP, ffnNorm, Part.FFN_UP);
      CapturePoint act = add(Site.FFN_ACT, List.of(gate, up), List.of(), EnumSet.of(ACTIVATION));
      CapturePoint ffnOut = linear(Site.FFN_OUT, act, Part.FFN_DOWN);
      add(Site.OUTPUT, List.of(residual, ffnOut), List.of(), NOTHING);
      return List.copyOf(operations);
    }

    private CapturePoint norm(
        Site site, CapturePoint input, Part part, ConfigField first, ConfigField... rest) {
      return add(
          site, List.of(input), List.of(TensorRole.weight(part, layer)), EnumSet.of(first, rest));
    }

    private CapturePoint linear(Site site, CapturePoint input, Part part) {
      List<TensorRole> weights = new ArrayList<>();
      weights.add(TensorRole.weight(part, layer));
      TensorRole bias = TensorRole.bias(part, layer);
      if (model.weight(bias).isPresent()) {
        weights.add(bias);
      }
      return add(site, List.of(input), weights, NOTHING);
    }

    private CapturePoint rotary(Site site, CapturePoint input) {
      TensorRole factors = TensorRole.weight(Part.ROPE_FREQS);
      return add(
          site,
          List.of(input),
          model.weight(factors).isPresent() ? List.of(factors) : List.of(),
          EnumSet.of(ROPE_THETA, ROPE_STYLE, ROPE_SCALING, HEAD_DIM));
    }

    private CapturePoint add(
        Site site, List<CapturePoint> inputs, List<TensorRole> weights, Set<ConfigField> config) {
      CapturePoint output = CapturePoint.of(site, layer);
      operations.add(new Operation(output, inputs, weights, config));
      return output;
    }
  }
}
