package dev.rosetta.bench;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.Verdict;
import dev.rosetta.bench.Controls.Control;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Makes pairs of files, healthy or with planted faults, and compares them. Every case follows from
 * the seed and its number alone. Thread-safe.
 */
final class Bench {
  private static final ElementType[] TYPES = {
    ElementType.F32,
    ElementType.F16,
    ElementType.BF16,
    ElementType.Q8_0,
    ElementType.Q4_0,
    ElementType.Q4_1,
    ElementType.Q5_0,
    ElementType.Q5_1,
    ElementType.Q2_K,
    ElementType.Q3_K,
    ElementType.Q4_K,
    ElementType.Q5_K,
    ElementType.Q6_K
  };

  /** Faults that leave the rest of the model alone, so that two of them are two. */
  private static final Set<String> COMBINABLE =
      Set.of(
          "transposed data",
          "Q and K in other order",
          "rows shuffled",
          "gate and up exchanged",
          "norm +1",
          "norm negated",
          "scaled by a half",
          "sign flipped",
          "bias all zero",
          "bias missing",
          "rows zero",
          "tensor zero",
          "rope_theta",
          "rms_norm_eps");

  private static final int TOKENS = 10;
  private static final int TRIES = 100_000;

  private final List<Fault> faults;
  private final List<Control> controls = Controls.all();
  private final List<TinyModel> models;
  private final RosettaComparator comparator = RosettaComparator.create();
  private final long seed;
  private final Path folder;

  /**
   * @param models what faults are planted in
   * @param folder takes a pair of files at a time
   */
  Bench(long seed, List<TinyModel> models, Path folder) {
    this(seed, models, folder, every());
  }

  /** With these faults alone. */
  Bench(long seed, List<TinyModel> models, Path folder, List<Fault> faults) {
    this.seed = seed;
    this.folder = folder;
    this.models = List.copyOf(models);
    this.faults = List.copyOf(faults);
  }

  private static List<Fault> every() {
    return Stream.of(
            OrderFaults.all(),
            ValueFaults.all(),
            ByteFaults.all(),
            ModelFaults.all(),
            TokenizerFaults.all(),
            TableFaults.all(),
            WholeFaults.all(),
            CauseFaults.all())
        .flatMap(List::stream)
        .toList();
  }

  /** Neighbouring seeds of {@link Random} begin alike, so they are mixed first. */
  private Random random(long number) {
    return new Random(new SplittableRandom(seed ^ number * 0x9e3779b97f4a7c15L).nextLong());
  }

  int faults() {
    return faults.size();
  }

  /** A model in two formats and element types. */
  private record Pair(TinyModel model, Draft a, Draft b, ElementType typeA, ElementType typeB) {

    String text() {
      return "%s-%d %s %s / %s %s"
          .formatted(
              model.shape().architecture(),
              model.shape().hidden(),
              a.format(),
              typeA,
              b.format(),
              typeB);
    }

    Draft draft(Side side) {
      return side == Side.A ? a : b;
    }

    ElementType opposite(Side side) {
      return side == Side.A ? typeB : typeA;
    }
  }

  private Pair pair(Random random, boolean plain) {
    while (true) {
      TinyModel model = models.get(random.nextInt(models.size()));
      ElementType typeA = TYPES[random.nextInt(TYPES.length)];
      ElementType typeB = random.nextBoolean() ? typeA : TYPES[random.nextInt(TYPES.length)];
      Format formatA = Format.values()[random.nextInt(3)];
      Format formatB = Format.values()[random.nextInt(3)];
      if ((plain || !(isCoarse(typeA) || isCoarse(typeB)))
          && Draft.isPossible(model.shape(), formatA, typeA)
          && Draft.isPossible(model.shape(), formatB, typeB)) {
        return new Pair(
            model,
            new Draft(model, formatA, typeA),
            new Draft(model, formatB, typeB),
            typeA,
            typeB);
      }
    }
  }

  /** Whether rounding takes so much that only what concerns a whole tensor shows beside it. */
  private static boolean isCoarse(ElementType type) {
    return type == ElementType.Q2_K || type == ElementType.Q3_K;
  }

  /** One fault, every kind in turn. */
  Outcome fault(int number) throws IOException {
    Random random = random(1_000_003L * number + 1);
    Fault fault = faults.get(number % faults.size());
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random, fault.plain());
      Side side = random.nextBoolean() ? Side.A : Side.B;
      Expected expected = fault.planting().plant(pair.draft(side), pair.opposite(side), random);
      if (expected != null) {
        return compare(fault.name(), pair, List.of(expected), side);
      }
    }
    throw new IllegalStateException("no model can hold '" + fault.name() + "'");
  }

  /** Two or three faults on one side, each in another layer or in the config. */
  Outcome combination(int number) throws IOException {
    Random random = random(1_000_003L * number + 2);
    List<Fault> kinds = faults.stream().filter(fault -> COMBINABLE.contains(fault.name())).toList();
    int count = 2 + number % 2;
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random, false);
      Side side = random.nextBoolean() ? Side.A : Side.B;
      List<Expected> planted = new ArrayList<>();
      List<String> names = new ArrayList<>();
      Set<Integer> layers = new HashSet<>();
      while (planted.size() < count) {
        Fault kind = kinds.get(random.nextInt(kinds.size()));
        Expected expected = kind.planting().plant(pair.draft(side), pair.opposite(side), random);
        if (expected == null || names.contains(kind.name()) || !layers.add(expected.layer())) {
          break;
        }
        planted.add(expected);
        names.add(kind.name());
      }
      if (planted.size() == count) {
        return compare(String.join(" + ", names), pair, planted, side);
      }
    }
    throw new IllegalStateException("no faults could be combined");
  }

  /** A healthy pair. */
  Outcome control(int number) throws IOException {
    Random random = random(1_000_003L * number + 3);
    Control control = controls.get(number % controls.size());
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random, true);
      Side side = random.nextBoolean() ? Side.A : Side.B;
      if (control.making().make(pair.draft(side), pair.opposite(side), random)) {
        return compare(control.name(), pair, List.of(), side);
      }
    }
    throw new IllegalStateException("no model can hold '" + control.name() + "'");
  }

  /** Every model in every two element types, in GGUF. */
  int healthyPairs() {
    return models.size() * TYPES.length * (TYPES.length + 1) / 2;
  }

  /** The healthy pair of this number; its name is that of the two types. */
  Outcome healthy(int number) throws IOException {
    TinyModel model = models.get(number % models.size());
    int rest = number / models.size();
    int a = 0;
    while (rest > a) {
      rest -= ++a;
    }
    Pair pair =
        new Pair(
            model,
            new Draft(model, Format.GGUF, TYPES[rest]),
            new Draft(model, Format.GGUF, TYPES[a]),
            TYPES[rest],
            TYPES[a]);
    return compare(TYPES[rest] + " / " + TYPES[a], pair, List.of(), Side.A);
  }

  private Outcome compare(String name, Pair pair, List<Expected> expected, Side side)
      throws IOException {
    Path place = Files.createTempDirectory(folder, "pair");
    try {
      Path a = pair.a().write(place, "a");
      Path b = pair.b().write(place, "b");
      List<Integer> tokens = new ArrayList<>();
      Random random = new Random(seed);
      for (int i = 0; i < TOKENS; i++) {
        tokens.add(random.nextInt(pair.model().shape().vocabulary()));
      }
      long start = System.nanoTime();
      try {
        ComparisonReport report =
            comparator.compare(ComparisonRequest.of(a, b).withTokens(tokens).withThreads(1));
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Outcome(
            name,
            pair.text(),
            expected,
            report.verdict() == Verdict.DIVERGED
                && report.diagnoses().stream().anyMatch(d -> d.severity() == Severity.ERROR),
            report.verdict() == Verdict.MATCH,
            report.diagnoses(),
            null,
            side,
            seconds,
            report);
      } catch (ModelException e) {
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Outcome(
            name,
            pair.text(),
            expected,
            true,
            false,
            List.of(),
            e.code().name(),
            side,
            seconds,
            null);
      }
    } finally {
      delete(place);
    }
  }

  static void delete(Path tree) throws IOException {
    try (Stream<Path> all = Files.walk(tree)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
