package dev.rosetta.compare;

import dev.rosetta.ConfigComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.PlainKernels;
import dev.rosetta.testing.TinyDecoder;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.function.Function;
import java.util.regex.Pattern;

/** Two models, compared as the front door does it. */
record Pair(Model a, Model b) {
  static final int[] TOKENS = {3, 0, 39, 7, 7, 11};
  static final double THRESHOLD = 1e-3;

  static MemorySource source(String family) {
    return TinyDecoder.of(family, 11).source(MetadataDialect.HUGGING_FACE);
  }

  static Model model(MemorySource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  /** A healthy model and {@code other}. */
  static Pair of(String family, MemorySource other) {
    return new Pair(model(source(family)), model(other));
  }

  SortedMap<TensorRole, WeightPair> weights() {
    try (Engine engine = new Engine(new PlainKernels(), 2)) {
      return new WeightComparer(a, b, THRESHOLD, engine).compare(done -> {});
    }
  }

  WeightPair weight(String role) {
    WeightPair pair = weights().get(TensorRole.parse(role).orElseThrow());
    if (pair == null) {
      throw new AssertionError(role + " was not compared");
    }
    return pair;
  }

  Set<ConfigField> unequalConfig() {
    Set<ConfigField> unequal = EnumSet.noneOf(ConfigField.class);
    for (ConfigComparison field : ConfigComparer.compare(a, b)) {
      if (!field.equal()) {
        unequal.add(field.field());
      }
    }
    return unequal;
  }

  List<PointComparison> points() {
    return run(null).points();
  }

  Lockstep.Outcome run(Pattern filter) {
    return with(filter, lockstep -> lockstep.run(done -> {}));
  }

  <T> T with(Pattern filter, Function<Lockstep, T> use) {
    try (Engine engine = new Engine(new PlainKernels(), 2)) {
      return use.apply(
          new Lockstep(a, b, TOKENS, engine, weights(), unequalConfig(), THRESHOLD, filter));
    }
  }

  /** The points that have this status, by name. */
  List<String> points(PointComparison.Status status) {
    return points().stream()
        .filter(point -> point.status() == status)
        .map(point -> point.point().name())
        .toList();
  }

  PointComparison point(String name) {
    return points().stream().filter(p -> p.point().name().equals(name)).findFirst().orElseThrow();
  }
}
