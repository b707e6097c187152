package dev.rosetta;

import dev.rosetta.compare.Predictions;
import dev.rosetta.engine.Engine;
import dev.rosetta.normalize.Model;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Continues a prompt greedily, each side on its own output. */
final class Continuations {
  private final Engine engine;
  private final TokenizerCheck tokenizer;
  private final int count;

  Continuations(Engine engine, TokenizerCheck tokenizer, int count) {
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.count = count;
  }

  ComparisonReport.Continuation run(Model a, Model b, int[] prompt) {
    List<Integer> left = greedy(a, prompt);
    List<Integer> right = greedy(b, prompt);
    int agreeing = 0;
    while (agreeing < count && left.get(agreeing).equals(right.get(agreeing))) {
      agreeing++;
    }
    return new ComparisonReport.Continuation(
        left, right, tokenizer.text(left), tokenizer.text(right), agreeing);
  }

  private List<Integer> greedy(Model model, int[] prompt) {
    int[] ids = prompt;
    List<Integer> generated = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Activation[] logits = new Activation[1];
      engine.forward(
          model,
          ids,
          (point, activation) -> {
            if (point.site() == CapturePoint.Site.LOGITS) {
              logits[0] = activation;
            }
          });
      int next = Predictions.top(logits[0], logits[0].tokens() - 1);
      generated.add(next);
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = next;
    }
    return generated;
  }
}
