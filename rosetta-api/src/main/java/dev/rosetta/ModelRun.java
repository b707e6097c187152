package dev.rosetta;

import dev.rosetta.engine.Engine;
import dev.rosetta.engine.Graph;
import dev.rosetta.engine.Operation;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.normalize.Model;
import dev.rosetta.trace.CapturePoint;
import java.util.SortedMap;
import java.util.TreeMap;

/** One model's forward pass, recorded. */
final class ModelRun {
  private final Model model;
  private final int[] tokens;
  private final Engine engine;

  ModelRun(Model model, int[] tokens, Engine engine) {
    this.model = model;
    this.tokens = tokens;
    this.engine = engine;
  }

  void run(TraceSink sink, ProgressListener listener) {
    sink.begin(tokens.clone(), widths());
    int layers = model.config().layers();
    engine.forward(
        model,
        tokens,
        (point, activation) -> {
          sink.accept(point, activation);
          if (point.site() == CapturePoint.Site.OUTPUT) {
            listener.advanced("layers", point.layer() + 1, layers);
          }
        });
  }

  private SortedMap<CapturePoint, Integer> widths() {
    SortedMap<CapturePoint, Integer> widths = new TreeMap<>();
    for (Operation operation : Graph.embedding(model)) {
      widths.put(operation.output(), width(operation.output()));
    }
    for (int layer = 0; layer < model.config().layers(); layer++) {
      for (Operation operation : Graph.layer(model, layer)) {
        widths.put(operation.output(), width(operation.output()));
      }
    }
    for (Operation operation : Graph.tail(model)) {
      widths.put(operation.output(), width(operation.output()));
    }
    return widths;
  }

  private int width(CapturePoint point) {
    ModelConfig config = model.config();
    return switch (point.site()) {
      case EMBEDDING, ATTN_NORM, ATTN_OUT, ATTN_RESIDUAL, FFN_NORM, FFN_OUT, OUTPUT, FINAL_NORM ->
          config.hiddenSize();
      case Q, Q_NORM, Q_ROPE, ATTN_CONTEXT -> config.heads() * config.headDim();
      case K, K_NORM, K_ROPE, V -> config.kvHeads() * config.headDim();
      case FFN_GATE, FFN_UP, FFN_ACT -> config.intermediateSize();
      case LOGITS -> config.vocabSize();
    };
  }
}
