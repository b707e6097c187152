package dev.rosetta.engine;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.RowDifference;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import dev.rosetta.trace.CapturePoint.Site;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Runs operations of a model on a back end.
 *
 * <p>Holds threads, the memory of one tile for each, and what {@link #recycle} gives back;
 * everything else lives in the activations it returns. One caller at a time; {@link #close()} may
 * be called from any thread and stops a running operation, as does interrupting the caller: both
 * end it with a {@link java.util.concurrent.CancellationException}.
 */
public final class Engine implements AutoCloseable {
  private final KernelBackend backend;
  private final Workers workers;
  private final MatMul matMul;

  /**
   * @param backend multiplies the weights
   * @param threads number of threads that compute, the caller's included; at least 1
   */
  public Engine(KernelBackend backend, int threads) {
    this.backend = backend;
    this.workers = new Workers(threads);
    this.matMul = new MatMul(backend, workers);
  }

  /**
   * Runs one operation of {@code model} for each of several runs in one pass over its weights.
   *
   * @param tokens the prompt's ids; read by the embedding alone
   * @param runs for each run, the activations that {@link Operation#inputs()} names
   * @return one activation for each run
   * @throws ModelException if a weight is missing, cannot be decoded, or does not fit the inputs or
   *     the configuration
   * @throws IllegalArgumentException if a token id is outside the embedding
   */
  public List<Activation> run(
      Operation operation,
      Model model,
      int[] tokens,
      List<? extends Function<CapturePoint, Activation>> runs) {
    if (operation.output().site() == Site.EMBEDDING) {
      return Collections.nCopies(runs.size(), embed(weight(operation, 0, model), tokens));
    }
    List<List<Activation>> inputs = new ArrayList<>();
    for (CapturePoint point : operation.inputs()) {
      List<Activation> column = new ArrayList<>(runs.size());
      for (Function<CapturePoint, Activation> run : runs) {
        column.add(run.apply(point));
      }
      inputs.add(column);
    }
    return switch (operation.output().site()) {
      case Q, K, V, ATTN_OUT, FFN_GATE, FFN_UP, FFN_OUT, LOGITS ->
          multiply(operation, model, inputs.getFirst());
      case ATTN_CONTEXT -> attend(operation, model, inputs);
      case FFN_ACT -> activate(model, inputs.get(0), inputs.get(1));
      default -> {
        List<Activation> results = new ArrayList<>(runs.size());
        for (int run = 0; run < runs.size(); run++) {
          results.add(rowWise(operation, model, inputs, run));
        }
        yield results;
      }
    };
  }

  /**
   * Takes the memory of a large result back, so that a later one of the same size need not take
   * more.
   *
   * @param result what {@link #run} returned for an operation that multiplies a weight; nothing may
   *     read it any more
   */
  public void recycle(Activation result) {
    matMul.recycle(result.values());
  }

  /**
   * Whether two weights are of one element type and shape and have the same bytes in every
   * canonical row. False where a row is no whole number of bytes: it takes the values to tell.
   *
   * @throws ModelException if a file cannot be read any more
   */
  public boolean sameBytes(Weight a, Weight b) {
    return RowBytes.same(a, b, workers);
  }

  /**
   * Takes what is known of the difference of one row.
   *
   * @param <T> what gathers it
   */
  @FunctionalInterface
  public interface RowConsumer<T> {
    /**
     * Takes one row's difference.
     *
     * @param target what gathers a range of rows
     * @param row canonical row
     * @param sums the row's sums from {@code at} on, as {@link RowDifference} lists them
     * @param a side A's values, valid until this returns
     * @param b side B's values
     */
    void accept(T target, int row, double[] sums, int at, MemorySegment a, MemorySegment b);
  }

  /**
   * Decodes two weights of one shape and sums up how each of their rows differs. Every range of
   * rows, whose limits do not depend on the number of threads, has a target of its own.
   *
   * @return the targets, in the order of the rows
   * @throws ModelException if a weight cannot be decoded or read
   */
  public <T> List<T> differences(Weight a, Weight b, Supplier<T> target, RowConsumer<T> consumer) {
    return RowValues.differences(a, b, target, consumer, backend, workers);
  }

  /**
   * Does {@code work} for every index below {@code count}, several at a time, and returns its
   * results in order.
   */
  public <T> List<T> forEach(int count, IntFunction<T> work) {
    AtomicReferenceArray<T> results = new AtomicReferenceArray<>(count);
    workers.run(count, (index, scratch) -> results.set(index, work.apply(index)));
    return IntStream.range(0, count).mapToObj(results::get).toList();
  }

  /**
   * Runs a whole pass and hands out every activation as soon as it is computed; only those that
   * later operations read are kept.
   */
  public void forward(Model model, int[] tokens, BiConsumer<CapturePoint, Activation> sink) {
    Map<CapturePoint, Activation> live = new HashMap<>();
    run(Graph.embedding(model), model, tokens, live, sink);
    for (int layer = 0; layer < model.config().layers(); layer++) {
      run(Graph.layer(model, layer), model, tokens, live, sink);
    }
    run(Graph.tail(model), model, tokens, live, sink);
  }

  private void run(
      List<Operation> operations,
      Model model,
      int[] tokens,
      Map<CapturePoint, Activation> live,
      BiConsumer<CapturePoint, Activation> sink) {
    for (int i = 0; i < operations.size(); i++) {
      Operation operation = operations.get(i);
      Activation result = run(operation, model, tokens, List.of(live::get)).getFirst();
      sink.accept(operation.output(), result);
      live.put(operation.output(), result);
      Set<CapturePoint> needed = new HashSet<>();
      for (Operation later : operations.subList(i + 1, operations.size())) {
        needed.addAll(later.inputs());
      }
      needed.add(operations.getLast().output());
      live.keySet().retainAll(needed);
    }
  }

  private Activation embed(Weight embedding, int[] tokens) {
    int width = embedding.columns();
    float[] values = new float[Math.multiplyExact(tokens.length, width)];
    for (int t = 0; t < tokens.length; t++) {
      if (tokens[t] < 0 || tokens[t] >= embedding.rows()) {
        throw new IllegalArgumentException(
            "token id "
                + tokens[t]
                + " at position "
                + t
                + " is outside the embedding, which has ids 0 to "
                + (embedding.rows() - 1)
                + " in "
                + embedding.source().path());
      }
      embedding.decodeRow(tokens[t], values, t * width);
    }
    return new Activation(tokens.length, width, values);
  }

  private List<Activation> multiply(Operation operation, Model model, List<Activation> inputs) {
    Weight weight = weight(operation, 0, model);
    for (Activation input : inputs) {
      if (input.width() != weight.columns()) {
        throw mismatch(weight, input.width() + " columns");
      }
    }
    float @Nullable [] bias = null;
    if (operation.weights().size() > 1) {
      bias = vector(weight(operation, 1, model), weight.rows());
    }
    return matMul.multiply(weight, bias, inputs);
  }

  private List<Activation> attend(Operation operation, Model model, List<List<Activation>> inputs) {
    ModelConfig config = model.config();
    Attention attention = Attention.of(config);
    List<Activation> queries = inputs.get(0);
    List<Activation> keys = inputs.get(1);
    List<Activation> values = inputs.get(2);
    if (config.kvHeads() < 1 || config.heads() % config.kvHeads() != 0) {
      throw conflict(
          operation,
          model,
          "num_heads " + config.heads() + " is no multiple of num_kv_heads " + config.kvHeads());
    }
    int queryWidth = Math.multiplyExact(config.heads(), config.headDim());
    int keyWidth = Math.multiplyExact(config.kvHeads(), config.headDim());
    List<Activation> contexts = new ArrayList<>(queries.size());
    for (int run = 0; run < queries.size(); run++) {
      expectWidth(operation, model, "q", queries.get(run), queryWidth);
      expectWidth(operation, model, "k", keys.get(run), keyWidth);
      expectWidth(operation, model, "v", values.get(run), keyWidth);
      int tokens = queries.get(run).tokens();
      contexts.add(new Activation(tokens, queryWidth, new float[tokens * queryWidth]));
    }
    int heads = config.heads();
    workers.run(
        Math.multiplyExact(queries.size(), heads),
        (piece, scratch) -> {
          int run = piece / heads;
          Activation q = queries.get(run);
          attention.head(
              piece % heads,
              q,
              keys.get(run),
              values.get(run),
              contexts.get(run).values(),
              scratch.row(q.tokens()));
        });
    return contexts;
  }

  private List<Activation> activate(Model model, List<Activation> gates, List<Activation> ups) {
    String activation = (String) model.config().field(ConfigField.ACTIVATION).value();
    if (!activation.equals("silu")) {
      throw new ModelException(
          ErrorCode.UNSUPPORTED_ARCHITECTURE,
          model.source().path(),
          "activation '" + activation + "' is not supported; supported is silu");
    }
    List<Activation> results = new ArrayList<>(gates.size());
    for (int run = 0; run < gates.size(); run++) {
      Activation gate = gates.get(run);
      Activation up = sameShape(model, gate, ups.get(run));
      float[] product = new float[gate.values().length];
      workers.run(
          gate.tokens(),
          (token, scratch) ->
              RowWise.swiglu(
                  gate.values(), up.values(), product, token * gate.width(), gate.width()));
      results.add(new Activation(gate.tokens(), gate.width(), product));
    }
    return results;
  }

  private Activation rowWise(
      Operation operation, Model model, List<List<Activation>> inputs, int run) {
    Activation input = inputs.getFirst().get(run);
    int tokens = input.tokens();
    int width = input.width();
    float[] values =
        switch (operation.output().site()) {
          case ATTN_NORM, FFN_NORM, FINAL_NORM -> norm(operation, model, input, width);
          case Q_NORM, K_NORM -> {
            int headDim = headDim(operation, model, width);
            yield norm(operation, model, input, headDim);
          }
          case Q_ROPE, K_ROPE -> {
            int headDim = headDim(operation, model, width);
            float[] factors =
                operation.weights().isEmpty()
                    ? new float[0]
                    : vector(weight(operation, 0, model), headDim / 2);
            yield Rotary.of(model.config(), factors, tokens).apply(input.values(), tokens, width);
          }
          case ATTN_RESIDUAL, OUTPUT -> {
            Activation other = sameShape(model, input, inputs.get(1).get(run));
            yield RowWise.add(input.values(), other.values());
          }
          default -> throw new IllegalArgumentException("no operation for " + operation.output());
        };
    return new Activation(tokens, width, values);
  }

  private float[] norm(Operation operation, Model model, Activation input, int length) {
    float[] weight = vector(weight(operation, 0, model), length);
    return RowWise.rmsNorm(input.values(), weight, model.config().rmsNormEps());
  }

  private static int headDim(Operation operation, Model model, int width) {
    int headDim = model.config().headDim();
    if (headDim < 1 || headDim % 2 != 0 || width % headDim != 0) {
      throw conflict(
          operation,
          model,
          "head_dim " + headDim + " does not divide the " + width + " channels into even heads");
    }
    return headDim;
  }

  private static Weight weight(Operation operation, int index, Model model) {
    TensorRole role = operation.weights().get(index);
    return model
        .weight(role)
        .orElseThrow(
            () ->
                new ModelException(
                    ErrorCode.TENSOR_MISSING,
                    model.source().path(),
                    role + " is missing; " + operation.output() + " cannot be computed"));
  }

  private static float[] vector(Weight weight, int length) {
    if ((long) weight.rows() * weight.columns() != length) {
      throw mismatch(weight, length + " values");
    }
    return weight.decodeAll();
  }

  private static Activation sameShape(Model model, Activation expected, Activation other) {
    if (other.tokens() != expected.tokens() || other.width() != expected.width()) {
      throw new ModelException(
          ErrorCode.SHAPE_MISMATCH,
          model.source().path(),
          "cannot combine activations of "
              + expected.tokens()
              + "x"
              + expected.width()
              + " and "
              + other.tokens()
              + "x"
              + other.width()
              + " values; the weights that produced them disagree in shape");
    }
    return other;
  }

  private static void expectWidth(
      Operation operation, Model model, String name, Activation activation, int width) {
    if (activation.width() != width) {
      throw conflict(
          operation,
          model,
          name + " has " + activation.width() + " channels, the head counts ask for " + width);
    }
  }

  private static ModelException mismatch(Weight weight, String expected) {
    return new ModelException(
        ErrorCode.SHAPE_MISMATCH,
        weight.source().path(),
        weight.tensor().offset(),
        "tensor '"
            + weight.tensor().name()
            + "' ("
            + weight.role()
            + ") is "
            + weight.rows()
            + "x"
            + weight.columns()
            + ", needs "
            + expected);
  }

  private static ModelException conflict(Operation operation, Model model, String message) {
    return new ModelException(
        ErrorCode.CONFIG_SHAPE_CONFLICT,
        model.source().path(),
        operation.output() + " cannot be computed: " + message);
  }

  @Override
  public void close() {
    workers.close();
  }
}
