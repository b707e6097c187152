package dev.rosetta.bench;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.Diagnosis;
import dev.rosetta.Proof;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Side;
import dev.rosetta.Verdict;
import dev.rosetta.bench.Controls.Control;
import dev.rosetta.bench.Draft.Format;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.bench.TinyModel.Shape;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
    ElementType.Q4_K,
    ElementType.Q5_K,
    ElementType.Q6_K
  };
  private static final int TOKENS = 10;
  private static final int TRIES = 100_000;

  private final List<Fault> faults = new ArrayList<>();
  private final List<Control> controls = Controls.all();
  private final List<TinyModel> models = new ArrayList<>();
  private final RosettaComparator comparator = RosettaComparator.create();
  private final long seed;
  private final Path folder;

  /**
   * @param folder takes a pair of files at a time
   */
  Bench(long seed, Path folder) {
    this.seed = seed;
    this.folder = folder;
    faults.addAll(ValueFaults.all());
    faults.addAll(ByteFaults.all());
    faults.addAll(ModelFaults.all());
    for (String architecture : new String[] {"llama", "qwen2", "qwen3"}) {
      models.add(new TinyModel(small(architecture), seed + models.size()));
      models.add(new TinyModel(large(architecture), seed + models.size()));
      models.add(new TinyModel(odd(architecture), seed + models.size()));
    }
  }

  /** Rows of whole blocks of 32; no vocabulary. */
  private static Shape small(String architecture) {
    return new Shape(architecture, 3, 128, 6, 3, 32, 224, 160, 10_000, 1e-5, false, false);
  }

  /** Rows of whole blocks of 256 where the input is the residual stream, with a vocabulary. */
  private static Shape large(String architecture) {
    return new Shape(
        architecture, 2, 256, 6, 2, 16, 320, 280, 1e6, 1e-6, architecture.equals("qwen3"), true);
  }

  /** Rows of no whole blocks; as many K rows per query head as make wrong head counts visible. */
  private static Shape odd(String architecture) {
    return new Shape(
        architecture,
        4,
        88,
        4,
        2,
        20,
        152,
        131,
        500_000,
        1e-6,
        architecture.equals("qwen2"),
        false);
  }

  /** Neighbouring seeds of {@link Random} begin alike, so they are mixed first. */
  private Random random(long number) {
    return new Random(new SplittableRandom(seed ^ number * 0x9e3779b97f4a7c15L).nextLong());
  }

  int faults() {
    return faults.size();
  }

  /** What became of a case. */
  record Outcome(
      String name,
      String pair,
      List<Expected> expected,
      boolean diverged,
      boolean matched,
      List<Diagnosis> diagnoses,
      @Nullable String error,
      @Nullable Side side,
      double seconds,
      @Nullable ComparisonReport report) {

    private @Nullable Diagnosis first() {
      return diagnoses.isEmpty() ? null : diagnoses.getFirst();
    }

    /** Whether the files were told apart, or refused for the planted reason. */
    boolean detected() {
      return error != null ? named() : diverged;
    }

    /** Whether each planted fault has its code; a single one must come first. */
    boolean named() {
      if (error != null) {
        return expected.stream()
            .anyMatch(e -> e.codes().stream().anyMatch(c -> c.name().equals(error)));
      }
      return expected.size() == 1
          ? first() != null && expected.getFirst().codes().contains(first().code())
          : expected.stream()
              .allMatch(e -> diagnoses.stream().anyMatch(d -> e.codes().contains(d.code())));
    }

    boolean subject() {
      if (error != null) {
        return named();
      }
      return expected.stream()
          .allMatch(
              e ->
                  e.subjects().isEmpty()
                      || considered().anyMatch(d -> e.subjects().contains("" + d.subject())));
    }

    boolean layer() {
      if (error != null) {
        return named();
      }
      return expected.stream()
          .allMatch(
              e -> e.subjects().isEmpty() || considered().anyMatch(d -> layer(d) == e.layer()));
    }

    /** The layer of a diagnosis; a config field of a layer's fault belongs to no layer. */
    private static int layer(Diagnosis diagnosis) {
      return diagnosis.layer() == null ? -1 : diagnosis.layer();
    }

    /** A side that is named must be the right one. */
    boolean sideHolds() {
      return considered().noneMatch(d -> d.side() != null && d.side() != side);
    }

    boolean proofDue() {
      return expected.size() == 1 && expected.getFirst().undoable() && named();
    }

    boolean proven() {
      return first() != null && first().proof() == Proof.PROVEN;
    }

    private Stream<Diagnosis> considered() {
      return expected.size() == 1 ? diagnoses.stream().limit(1) : diagnoses.stream();
    }

    /** One line for the list of misses. */
    String line() {
      StringBuilder line = new StringBuilder(name + " | " + pair + " | ");
      if (error != null) {
        return line.append(error).toString();
      }
      diagnoses.stream()
          .limit(3)
          .forEach(
              d ->
                  line.append(d.code())
                      .append(' ')
                      .append(d.subject())
                      .append(' ')
                      .append(d.proof())
                      .append("; "));
      return line.append(" wanted ")
          .append(expected.stream().map(e -> e.codes() + " " + e.subjects()).toList())
          .append(" side ")
          .append(side)
          .toString();
    }
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

  private Pair pair(Random random) {
    while (true) {
      TinyModel model = models.get(random.nextInt(models.size()));
      ElementType typeA = TYPES[random.nextInt(TYPES.length)];
      ElementType typeB = random.nextBoolean() ? typeA : TYPES[random.nextInt(TYPES.length)];
      Format formatA = Format.values()[random.nextInt(3)];
      Format formatB = Format.values()[random.nextInt(3)];
      if (Draft.isPossible(model.shape(), formatA, typeA)
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

  /** One fault, every kind in turn. */
  Outcome fault(int number) throws IOException {
    Random random = random(1_000_003L * number + 1);
    Fault fault = faults.get(number % faults.size());
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random);
      Side side = random.nextBoolean() ? Side.A : Side.B;
      Expected expected = fault.planting().plant(pair.draft(side), pair.opposite(side), random);
      if (expected != null) {
        return compare(fault.name(), pair, List.of(expected), side);
      }
    }
    throw new IllegalStateException("no model can hold '" + fault.name() + "'");
  }

  /** Two faults of values, in two layers of one side. */
  Outcome combination(int number) throws IOException {
    Random random = random(1_000_003L * number + 2);
    List<Fault> values = ValueFaults.combinable();
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random);
      Side side = random.nextBoolean() ? Side.A : Side.B;
      Draft draft = pair.draft(side);
      Fault one = values.get(random.nextInt(values.size()));
      Fault other = values.get(random.nextInt(values.size()));
      Expected first = one.planting().plant(draft, pair.opposite(side), random);
      if (first == null) {
        continue;
      }
      Expected second = other.planting().plant(draft, pair.opposite(side), random);
      if (second != null && first.layer() != second.layer() && one != other) {
        return compare(one.name() + " + " + other.name(), pair, List.of(first, second), side);
      }
    }
    throw new IllegalStateException("no two faults could be combined");
  }

  /** A healthy pair. */
  Outcome control(int number) throws IOException {
    Random random = random(1_000_003L * number + 3);
    Control control = controls.get(number % controls.size());
    for (int i = 0; i < TRIES; i++) {
      Pair pair = pair(random);
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
