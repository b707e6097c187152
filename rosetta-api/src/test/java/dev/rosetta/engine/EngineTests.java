package dev.rosetta.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.RopeScaling;
import dev.rosetta.model.RopeStyle;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.RowDifference;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class EngineTests {
  private static final long SEED = 7;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final int[] TOKENS = {3, 0, 18, 7, 7, 11, 2, 5, 13};

  static Stream<Model> models() {
    return Stream.of(
        TinyModel.llama(SEED),
        TinyModel.qwen2(SEED),
        TinyModel.qwen3(SEED),
        with(TinyModel.llama(SEED), ConfigField.ROPE_STYLE, RopeStyle.INTERLEAVED),
        with(TinyModel.qwen2(SEED), ConfigField.SLIDING_WINDOW, 3L),
        with(TinyModel.llama(SEED), ConfigField.ATTENTION_SCALE, 0.1));
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyPointAgreesWithADoublePrecisionPass(Model model) {
    Map<CapturePoint, Activation> actual = forward(model, 2);
    Map<CapturePoint, double[][]> expected = ReferencePass.run(model, TOKENS);
    assertEquals(List.copyOf(expected.keySet()), List.copyOf(actual.keySet()));
    expected.forEach(
        (point, rows) -> {
          Activation activation = actual.get(point);
          double error = 0;
          double norm = 0;
          assertEquals(rows[0].length, activation.width(), point.name());
          for (int t = 0; t < TOKENS.length; t++) {
            for (int i = 0; i < rows[t].length; i++) {
              double difference = activation.at(t, i) - rows[t][i];
              error += difference * difference;
              norm += rows[t][i] * rows[t][i];
            }
          }
          double relative = Math.sqrt(error / norm);
          assertTrue(relative < 2e-6, point + " is off by " + relative);
        });
  }

  @ParameterizedTest
  @MethodSource("models")
  void threadCountDoesNotChangeABit(Model model) {
    Map<CapturePoint, Activation> one = forward(model, 1);
    for (int threads = 2; threads <= 4; threads++) {
      assertSameBits(one, forward(model, threads));
    }
  }

  @Test
  void stackedRunsGiveTheBitsOfSeparateRuns() {
    Model a = TinyModel.qwen3(1);
    Model b = TinyModel.qwen3(2);
    Map<CapturePoint, Activation> pointsOfA = forward(a, 1);
    Map<CapturePoint, Activation> pointsOfB = forward(b, 1);
    try (Engine engine = engine(2)) {
      for (Operation operation : operations(b)) {
        List<Activation> both =
            engine.run(operation, b, TOKENS, List.of(pointsOfA::get, pointsOfB::get));
        List<Activation> alone = engine.run(operation, b, TOKENS, List.of(pointsOfA::get));
        assertEquals(1, alone.size());
        assertArrayEquals(alone.getFirst().values(), both.get(0).values());
        assertArrayEquals(pointsOfB.get(operation.output()).values(), both.get(1).values());
      }
    }
  }

  @Test
  void resultsInRecycledMemoryAreTheSame() {
    Model model = TinyModel.qwen2(SEED);
    Map<CapturePoint, Activation> points = forward(model, 1);
    try (Engine engine = engine(2)) {
      Set<Site> multiplied = EnumSet.of(Site.Q, Site.FFN_GATE, Site.FFN_OUT, Site.LOGITS);
      for (Operation operation : operations(model)) {
        if (!multiplied.contains(operation.output().site())) {
          continue;
        }
        Function<CapturePoint, Activation> run = points::get;
        List<Activation> two = engine.run(operation, model, TOKENS, List.of(run, run));
        for (Activation result : two) {
          engine.recycle(result);
          engine.recycle(result);
        }
        List<Activation> again = engine.run(operation, model, TOKENS, List.of(run, run, run));
        assertNotSame(again.get(0).values(), again.get(1).values());
        for (Activation result : again) {
          assertArrayEquals(points.get(operation.output()).values(), result.values());
        }
      }
    }
  }

  /** Equal weights, equal listed config and equal inputs must be enough for equal bits. */
  @Test
  void operationsDependOnListedConfigOnly() {
    Model model = TinyModel.qwen3(SEED);
    Map<ConfigField, Object> others =
        Map.of(
            ConfigField.ROPE_STYLE,
            RopeStyle.INTERLEAVED,
            ConfigField.ROPE_THETA,
            5.0,
            ConfigField.ROPE_SCALING,
            RopeScaling.linear(2),
            ConfigField.RMS_NORM_EPS,
            0.5,
            ConfigField.ATTENTION_SCALE,
            2.0,
            ConfigField.SLIDING_WINDOW,
            2L,
            ConfigField.NUM_KV_HEADS,
            1L,
            ConfigField.NUM_HEADS,
            3L,
            ConfigField.HEAD_DIM,
            2L,
            ConfigField.ACTIVATION,
            "gelu");
    Map<CapturePoint, Activation> points = forward(model, 1);
    Set<ConfigField> listed = EnumSet.noneOf(ConfigField.class);
    try (Engine engine = engine(1)) {
      for (Operation operation : operations(model)) {
        listed.addAll(operation.config());
        others.forEach(
            (field, value) -> {
              Model changed = with(model, field, value);
              boolean same;
              try {
                Activation result =
                    engine.run(operation, changed, TOKENS, List.of(points::get)).getFirst();
                same = sameBits(points.get(operation.output()), result);
              } catch (ModelException e) {
                same = false;
              }
              assertEquals(
                  !operation.config().contains(field),
                  same,
                  operation.output() + " with another " + field.label());
            });
      }
    }
    assertEquals(others.keySet(), listed);
  }

  @Test
  void operationsReadListedInputsAndWeightsOnly() {
    Model model = TinyModel.qwen2(SEED);
    Map<CapturePoint, Activation> points = forward(model, 1);
    try (Engine engine = engine(1)) {
      for (Operation operation : operations(model)) {
        Map<TensorRole, Weight> weights = new TreeMap<>(model.weights());
        weights.keySet().retainAll(operation.weights());
        Model bare =
            new Model(model.source(), model.config(), new TreeMap<>(weights), List.of(), List.of());
        Map<CapturePoint, Activation> inputs = new LinkedHashMap<>(points);
        inputs.keySet().retainAll(operation.inputs());
        Activation result = engine.run(operation, bare, TOKENS, List.of(inputs::get)).getFirst();
        assertTrue(sameBits(points.get(operation.output()), result), operation.toString());
      }
    }
  }

  /** Rows stored in another order, values in memory, an undecodable kernel type: the same bits. */
  @Test
  void whereAWeightComesFromDoesNotChangeABit() {
    Model model = TinyModel.qwen2(SEED);
    Map<CapturePoint, Activation> expected = forward(model, 2);
    TensorRole role = TensorRole.weight(Part.Q, 1);
    Weight q = model.weight(role).orElseThrow();
    int[] order = new int[q.rows()];
    float[] stored = new float[q.rows() * q.columns()];
    float[] canonical = q.decodeAll();
    for (int row = 0; row < order.length; row++) {
      order[row] = (row * 5 + 3) % order.length;
      System.arraycopy(canonical, row * q.columns(), stored, order[row] * q.columns(), q.columns());
    }
    Weight inMemory = q.withValues(q.rows(), q.columns(), canonical);
    assertSameBits(expected, forward(model.with(inMemory), 2));
    Weight permuted = TinyModel.stored(role, q.rows(), q.columns(), stored).withStoredRows(order);
    assertTrue(permuted.hasKernelRows());
    assertSameBits(expected, forward(model.with(permuted), 2));
    assertFalse(
        sameBits(
            expected.get(CapturePoint.of(Site.Q, 1)),
            forward(model.with(permuted.withStoredRows(null)), 2).get(CapturePoint.of(Site.Q, 1))));
    try (Engine decoding = new Engine(new PlainBackend(Set.of()), 2)) {
      assertSameBits(expected, forward(decoding, model.with(permuted)));
    }
  }

  /** Decoded by the back end, in another order, or in memory: the same rows and sums. */
  @Test
  void differencesAreThoseOfTheCanonicalRows() {
    Model model = TinyModel.qwen2(SEED);
    Weight q = model.weight(TensorRole.weight(Part.Q, 1)).orElseThrow();
    int rows = 1 << 13; // More than one task, and tasks of more than one tile.
    int columns = 200;
    float[] values = new float[rows * columns];
    float[] others = new float[values.length];
    Random random = new Random(SEED);
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
      others[i] = i % 7 == 0 ? values[i] : (float) random.nextGaussian();
    }
    int[] order = new int[rows];
    float[] stored = new float[values.length];
    for (int row = 0; row < rows; row++) {
      order[row] = (row * 5 + 3) % rows;
      System.arraycopy(values, row * columns, stored, order[row] * columns, columns);
    }
    Weight plain = TinyModel.stored(q.role(), rows, columns, values);
    Weight permuted = TinyModel.stored(q.role(), rows, columns, stored).withStoredRows(order);
    Weight inMemory = q.withValues(rows, columns, values);
    Weight other = TinyModel.stored(q.role(), rows, columns, others);
    List<double[]> expected = null;
    for (Weight weight : List.of(plain, permuted, inMemory)) {
      for (int threads = 1; threads <= 3; threads++) {
        try (Engine engine = engine(threads)) {
          List<double[]> found =
              engine
                  .<List<double[]>>differences(
                      weight,
                      other,
                      ArrayList::new,
                      (target, row, sums, at, a, b) -> {
                        assertEquals(values[row * columns + 7], a.getAtIndex(FLOAT, 7));
                        assertEquals(others[row * columns + 7], b.getAtIndex(FLOAT, 7));
                        assertEquals(columns * 4L, a.byteSize());
                        int end = at + RowDifference.length(columns);
                        target.add(Arrays.copyOfRange(sums, at, end));
                      })
                  .stream()
                  .flatMap(List::stream)
                  .toList();
          assertEquals(rows, found.size());
          if (expected == null) {
            expected = found;
          }
          for (int row = 0; row < rows; row++) {
            assertArrayEquals(expected.get(row), found.get(row));
          }
        }
      }
    }
    assertTrue(expected.getFirst()[RowDifference.DIFFERING] > columns / 2);
  }

  @Test
  void rowsTakenTwiceAreReadInCanonicalOrder() {
    Model model = TinyModel.llama(SEED);
    Weight v = model.weight(TensorRole.weight(Part.V, 0)).orElseThrow();
    Weight twice = v.withStoredRows(new int[v.rows()]);
    Activation result = forward(model.with(twice), 1).get(CapturePoint.of(Site.V, 0));
    for (int i = 1; i < result.width(); i++) {
      assertEquals(result.at(2, 0), result.at(2, i));
    }
  }

  @Test
  void tokenOutsideTheEmbeddingIsNamed() {
    try (Engine engine = engine(1)) {
      Model model = TinyModel.llama(SEED);
      for (int bad : new int[] {-1, 19, Integer.MAX_VALUE}) {
        IllegalArgumentException e =
            assertThrows(
                IllegalArgumentException.class,
                () -> engine.forward(model, new int[] {1, bad}, (point, activation) -> {}));
        assertTrue(e.getMessage().contains("token id " + bad + " at position 1"), e.getMessage());
        assertTrue(e.getMessage().contains("0 to 18"), e.getMessage());
      }
    }
  }

  @Test
  void missingAndMisshapenWeightsAreNamed() {
    Model model = TinyModel.llama(SEED);
    TensorRole up = TensorRole.weight(Part.FFN_UP, 1);
    TreeMap<TensorRole, Weight> weights = new TreeMap<>(model.weights());
    weights.remove(up);
    Model without = new Model(model.source(), model.config(), weights, List.of(), List.of());
    assertFailure(without, ErrorCode.TENSOR_MISSING, "layers.1.ffn_up.weight");
    Weight weight = model.weight(up).orElseThrow();
    int rows = weight.rows();
    int columns = weight.columns();
    float[] values = new float[rows * columns];
    assertFailure(
        model.with(weight.withValues(columns, rows, values)),
        ErrorCode.SHAPE_MISMATCH,
        "layers.1.ffn_up.weight");
    assertFailure(
        model.with(weight.withValues(rows * 2, columns, new float[2 * values.length])),
        ErrorCode.SHAPE_MISMATCH,
        "disagree");
    assertFailure(
        with(model, ConfigField.NUM_KV_HEADS, 4L), ErrorCode.CONFIG_SHAPE_CONFLICT, "kv_heads");
    assertFailure(
        with(model, ConfigField.HEAD_DIM, 5L), ErrorCode.CONFIG_SHAPE_CONFLICT, "head_dim");
    assertFailure(
        with(model, ConfigField.ACTIVATION, "gelu"), ErrorCode.UNSUPPORTED_ARCHITECTURE, "gelu");
  }

  @Test
  void everyByteOfTheRowsCountsAsDifferent() {
    Model model = TinyModel.llama(SEED);
    Weight gate = model.weight(TensorRole.weight(Part.FFN_GATE, 1)).orElseThrow();
    Weight up = model.weight(TensorRole.weight(Part.FFN_UP, 1)).orElseThrow();
    int[] order = IntStream.range(0, gate.rows()).toArray();
    int[] turned = IntStream.range(0, gate.rows()).map(r -> gate.rows() - 1 - r).toArray();
    int[] lastOther = order.clone();
    lastOther[order.length - 1] = 0;
    try (Engine engine = engine(2)) {
      assertTrue(engine.sameBytes(gate, gate));
      assertFalse(engine.sameBytes(gate, up));
      assertTrue(engine.sameBytes(gate, gate.withStoredRows(order)));
      assertFalse(engine.sameBytes(gate, gate.withStoredRows(turned)));
      assertFalse(engine.sameBytes(gate, gate.withStoredRows(lastOther)));
      assertFalse(
          engine.sameBytes(gate, gate.withValues(gate.rows(), gate.columns(), gate.decodeAll())));
      assertEquals(List.of(0, 1, 4, 9, 16), engine.forEach(5, i -> i * i), "results in order");
    }
  }

  @Test
  void interruptionAndCloseCancel() {
    Model model = TinyModel.llama(SEED);
    Engine closed;
    try (Engine engine = engine(2)) {
      Thread.currentThread().interrupt();
      assertThrows(CancellationException.class, () -> forward(engine, model));
      assertTrue(Thread.interrupted());
      assertEquals(operations(model).size(), forward(engine, model).size());
      closed = engine;
    }
    assertThrows(CancellationException.class, () -> forward(closed, model));
  }

  @Test
  void failureInAWorkerReachesTheCallerAndLeavesTheEngineUsable() {
    Model model = TinyModel.llama(SEED);
    try (Engine engine = engine(3)) {
      Weight q = model.weight(TensorRole.weight(Part.Q, 0)).orElseThrow();
      Weight unreadable =
          Weight.stored(
              q.role(), q.source(), q.tensor(), null, 0, q.rows(), q.columns(), new int[q.rows()]);
      ModelException e =
          assertThrows(ModelException.class, () -> forward(engine, model.with(unreadable)));
      assertEquals(ErrorCode.UNSUPPORTED_ELEMENT_TYPE, e.code());
      assertSameBits(forward(model, 1), forward(engine, model));
    }
  }

  @Test
  void needsAThread() {
    assertThrows(IllegalArgumentException.class, () -> engine(0).close());
  }

  private static Engine engine(int threads) {
    return new Engine(new PlainBackend(), threads);
  }

  private static Model with(Model model, ConfigField field, Object value) {
    return model.with(model.config().with(field, TinyModel.stated(value)));
  }

  private static List<Operation> operations(Model model) {
    List<Operation> operations = new ArrayList<>(Graph.embedding(model));
    for (int layer = 0; layer < model.config().layers(); layer++) {
      operations.addAll(Graph.layer(model, layer));
    }
    operations.addAll(Graph.tail(model));
    return operations;
  }

  private static Map<CapturePoint, Activation> forward(Model model, int threads) {
    try (Engine engine = engine(threads)) {
      return forward(engine, model);
    }
  }

  private static Map<CapturePoint, Activation> forward(Engine engine, Model model) {
    Map<CapturePoint, Activation> points = new LinkedHashMap<>();
    engine.forward(model, TOKENS, points::put);
    return points;
  }

  private static void assertFailure(Model model, ErrorCode code, String named) {
    ModelException e = assertThrows(ModelException.class, () -> forward(model, 1));
    assertEquals(code, e.code());
    assertTrue(e.getMessage().contains(named), e.getMessage());
  }

  private static void assertSameBits(
      Map<CapturePoint, Activation> expected, Map<CapturePoint, Activation> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (point, activation) ->
            assertTrue(sameBits(activation, actual.get(point)), point + " has other bits"));
  }

  private static boolean sameBits(Activation a, Activation b) {
    return a.tokens() == b.tokens()
        && a.width() == b.width()
        && Arrays.equals(a.values(), b.values());
  }
}
