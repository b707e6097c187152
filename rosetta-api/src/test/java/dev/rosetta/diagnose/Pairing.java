package dev.rosetta.diagnose;

import dev.rosetta.Side;
import dev.rosetta.compare.ConfigComparer;
import dev.rosetta.compare.WeightComparer;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.normalize.Weight;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.PlainKernels;
import dev.rosetta.testing.TinyDecoder;
import java.util.HashMap;
import java.util.List;

/** A suspect as side A and a healthy model as side B, compared without a forward pass. */
record Pairing(Facts facts) {
  static final String GATE = "model.layers.1.mlp.gate_proj.weight";
  static final TensorRole GATE_ROLE = TensorRole.parse("layers.1.ffn_gate.weight").orElseThrow();

  static MemorySource healthy() {
    return TinyDecoder.of("llama", 11).source(MetadataDialect.HUGGING_FACE);
  }

  static Pairing of(MemorySource suspect, MemorySource reference) {
    Model a = Normalizer.normalize(suspect, MemorySource.codecs());
    Model b = Normalizer.normalize(reference, MemorySource.codecs());
    try (Engine engine = new Engine(new PlainKernels(), 1)) {
      return new Pairing(
          new Facts(
              a,
              b,
              new WeightComparer(a, b, 1e-3, engine).compare(done -> {}),
              ConfigComparer.compare(a, b),
              MemorySource.codecs(),
              List.of()));
    }
  }

  /** Values of the healthy gate of layer 1, {@code [64, 32]}. */
  static float[] gate() {
    return TinyDecoder.of("llama", 11).tensors().get(GATE).values().clone();
  }

  /** The healthy model with this gate, against the healthy model. */
  static Pairing ofGate(float[] values) {
    return of(withGate(values), healthy());
  }

  static MemorySource withGate(float[] values) {
    MemorySource source = healthy();
    byte[] bytes = MemorySource.floats(values);
    System.arraycopy(bytes, 0, source.bytes(GATE), 0, bytes.length);
    return source;
  }

  /** Side A's weight under suspicion. */
  Suspicion suspicion(TensorRole role) {
    return new Suspicion(
        Side.A, weight(facts.a(), role), weight(facts.b(), role), facts, new HashMap<>());
  }

  private static Weight weight(Model model, TensorRole role) {
    return model.weight(role).orElseThrow();
  }

  List<dev.rosetta.Diagnosis> diagnoses() {
    return Diagnostician.hypotheses(facts).stream().map(Hypothesis::diagnosis).toList();
  }
}
