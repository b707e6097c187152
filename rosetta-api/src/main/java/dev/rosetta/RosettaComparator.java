package dev.rosetta;

import dev.rosetta.engine.Engine;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Finding;
import dev.rosetta.normalize.LoraAdapter;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.KernelBackends;
import dev.rosetta.spi.KernelBackends.Candidate;
import dev.rosetta.spi.ModelFormat;
import dev.rosetta.spi.ModelFormats;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.tokenizer.SpecialTokens;
import dev.rosetta.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Compares two files that should hold the same language model.
 *
 * <pre>{@code
 * RosettaComparator comparator = RosettaComparator.create();
 * ComparisonReport report = comparator.compare(ComparisonRequest.of(apr, gguf).withPrompt("2+2="));
 * if (report.verdict() != Verdict.MATCH) {
 *   report.diagnoses().forEach(d -> System.err.println(d.code() + " " + d.message() + ": " + d.fix()));
 * }
 * }</pre>
 *
 * <p>Immutable and thread-safe; every call opens its files anew, closes them, and keeps its own
 * threads. Interrupting the calling thread ends a call with a {@link
 * java.util.concurrent.CancellationException}.
 */
public final class RosettaComparator {
  private final ModelFormats formats;
  private final ElementCodecs codecs;
  private final KernelBackends backends;

  /** A comparator with exactly these plug-ins. */
  public RosettaComparator(ModelFormats formats, ElementCodecs codecs, KernelBackends backends) {
    this.formats = Objects.requireNonNull(formats, "formats");
    this.codecs = Objects.requireNonNull(codecs, "codecs");
    this.backends = Objects.requireNonNull(backends, "backends");
  }

  /** A comparator with every plug-in that {@link java.util.ServiceLoader} finds. */
  public static RosettaComparator create() {
    return new RosettaComparator(ModelFormats.load(), ElementCodecs.load(), KernelBackends.load());
  }

  /**
   * As {@link #create()}, with {@code format} in place of the one of its class: for a format that
   * is told what its files do not say.
   */
  public static RosettaComparator create(ModelFormat format) {
    List<ModelFormat> all = new ArrayList<>();
    for (ModelFormat found : ServiceLoader.load(ModelFormat.class)) {
      all.add(found.getClass() == format.getClass() ? format : found);
    }
    return new RosettaComparator(
        new ModelFormats(all, ServiceLoader.load(TraceFormat.class)),
        ElementCodecs.load(),
        KernelBackends.load());
  }

  /**
   * Compares two sides.
   *
   * @throws ModelException if a side cannot be read at all, changes while it is read, or cannot be
   *     run although the request needs it to
   * @throws IllegalArgumentException if the request cannot be met: an unknown back end, a filter
   *     that matches no capture point, a token id outside the vocabulary
   */
  public ComparisonReport compare(ComparisonRequest request) {
    return compare(request, ProgressListener.SILENT);
  }

  /** As {@link #compare(ComparisonRequest)}, telling {@code listener} how it goes. */
  public ComparisonReport compare(ComparisonRequest request, ProgressListener listener) {
    if (formats.trace(request.a()).isPresent() || formats.trace(request.b()).isPresent()) {
      return new RecordedComparison(this, request, listener).run();
    }
    long start = System.nanoTime();
    FutureTask<KernelBackend> backend = new FutureTask<>(() -> backends.choose(request.backend()));
    // Loading native code and linking calls to it takes about as long as opening both files.
    Thread.ofPlatform().daemon().name("rosetta-backend").start(backend);
    try (ModelSource a = formats.open(request.a());
        ModelSource b = formats.open(request.b());
        ModelSource loraA = adapter(request.loraA());
        ModelSource loraB = adapter(request.loraB())) {
      return ofSteadyFiles(
          () -> {
            Model left = adapted(open(Side.A, a, listener), loraA);
            Model right = adapted(open(Side.B, b, listener), loraB);
            return new ModelComparison(left, right, request, listener, backend, codecs, start)
                .run();
          },
          a,
          b,
          loraA,
          loraB);
    }
  }

  private @Nullable ModelSource adapter(@Nullable Path folder) {
    return folder == null ? null : formats.openAdapter(folder);
  }

  private Model adapted(Model model, @Nullable ModelSource adapter) {
    return adapter == null ? model : LoraAdapter.read(adapter, codecs).applyTo(model);
  }

  /**
   * What {@code use} gives or throws, unless a file changed meanwhile: then that is the error, and
   * maybe the reason for the other.
   */
  private static <T> T ofSteadyFiles(Supplier<T> use, @Nullable ModelSource... sources) {
    try {
      return use.get();
    } finally {
      for (ModelSource source : sources) {
        if (source != null) {
          source.requireUnchanged();
        }
      }
    }
  }

  /**
   * Runs one model and hands every activation to {@code sink} as soon as it is computed.
   *
   * @param prompt text, or null for token ids or the built-in prompt
   * @param tokens token ids, or null
   * @param threads worker threads, or 0 for one per processor
   * @throws ModelException if the model cannot be read or run
   * @throws IllegalArgumentException if a token id is outside the vocabulary, or the back end
   *     cannot be used
   */
  public void trace(
      Path path,
      @Nullable String prompt,
      @Nullable List<Integer> tokens,
      ComparisonRequest.Bos bos,
      String backend,
      int threads,
      TraceSink sink,
      ProgressListener listener) {
    try (ModelSource source = formats.open(path)) {
      ofSteadyFiles(
          () -> {
            Model model = open(Side.A, source, listener);
            refuseIncomplete(model);
            int[] ids = Prompts.ids(model, prompt, tokens, bos);
            KernelBackend kernels = backends.choose(backend);
            try (Engine engine = new Engine(kernels, ModelComparison.threads(threads))) {
              new ModelRun(model, ids, engine).run(sink, listener);
            }
            return model;
          },
          source);
    }
  }

  /**
   * What a file says about its model.
   *
   * @throws ModelException if its directory cannot be read
   */
  public ModelInspection inspect(Path path) {
    try (ModelSource source = formats.open(path)) {
      return ofSteadyFiles(() -> detached(inspect(source)), source);
    }
  }

  /** An inspection that outlives its source. */
  private static ModelInspection detached(ModelInspection open) {
    return new ModelInspection(
        open.summary(),
        open.config(),
        open.configProblem(),
        new CopiedMetadata(open.metadata()),
        open.dimensionOrder(),
        open.tensors(),
        open.roles(),
        open.expectedDims(),
        open.notes());
  }

  /**
   * The ids of {@code text} by the model's own tokenizer; the spelling of a control token stands
   * for the token.
   *
   * @throws ModelException if the model carries no tokenizer or one that is not supported
   */
  public Tokenization tokenize(Path path, String text, ComparisonRequest.Bos bos) {
    return tokenize(path, List.of(text), bos).getFirst();
  }

  /**
   * The ids of each of {@code texts}, as {@link #tokenize(Path, String, ComparisonRequest.Bos)}.
   *
   * @throws ModelException if the model carries no tokenizer or one that is not supported
   */
  public List<Tokenization> tokenize(Path path, List<String> texts, ComparisonRequest.Bos bos) {
    try (ModelSource source = formats.open(path)) {
      return ofSteadyFiles(() -> tokenize(source, texts, bos), source);
    }
  }

  private static List<Tokenization> tokenize(
      ModelSource source, List<String> texts, ComparisonRequest.Bos bos) {
    Vocabulary vocabulary =
        source
            .vocabulary()
            .orElseThrow(
                () ->
                    new ModelException(
                        ErrorCode.UNSUPPORTED_TOKENIZER,
                        source.path(),
                        "the file carries no tokenizer; pass token ids instead of a text"));
    Tokenizer tokenizer = Tokenizer.of(vocabulary, source.path());
    List<Tokenization> all = new ArrayList<>();
    for (String text : texts) {
      List<Integer> ids = new ArrayList<>();
      List<String> pieces = new ArrayList<>();
      for (int id : tokenizer.encode(text, SpecialTokens.PARSE, Prompts.policy(bos))) {
        ids.add(id);
        pieces.add(tokenizer.piece(id));
      }
      all.add(new Tokenization(ids, pieces));
    }
    return all;
  }

  /** The kernel back ends at hand, best first, with the reason why one cannot be used. */
  public List<BackendStatus> backends() {
    List<BackendStatus> all = new ArrayList<>();
    boolean chosen = false;
    for (Candidate candidate : backends.candidates()) {
      boolean first = candidate.usable() && !chosen;
      chosen |= candidate.usable();
      all.add(
          new BackendStatus(
              candidate.backend().name(),
              candidate.usable(),
              first,
              candidate.availability().reason()));
    }
    return all;
  }

  ModelFormats formats() {
    return formats;
  }

  ModelInspection inspect(ModelSource source) {
    return Inspections.of(source, codecs);
  }

  Model open(Side side, ModelSource source, ProgressListener listener) {
    Model model;
    try {
      model = Normalizer.normalize(source, codecs);
    } catch (ModelException e) {
      listener.opened(side, Inspections.of(source, null, e.getMessage()));
      throw e;
    }
    listener.opened(side, Inspections.of(source, model, null));
    return model;
  }

  /** A single side has no counterpart to compare with: whatever is missing stops it. */
  private static void refuseIncomplete(Model model) {
    Optional<Finding> fault =
        model.findings().stream()
            .filter(finding -> finding.severity() == Severity.ERROR)
            .findFirst();
    if (fault.isPresent()) {
      ErrorCode code =
          switch (fault.get().code()) {
            case TENSOR_MISSING, BIAS_MISSING -> ErrorCode.TENSOR_MISSING;
            case SHAPE_MISMATCH -> ErrorCode.SHAPE_MISMATCH;
            case TENSOR_DUPLICATED -> ErrorCode.TENSOR_DUPLICATED;
            default -> ErrorCode.CONFIG_SHAPE_CONFLICT;
          };
      throw new ModelException(code, model.source().path(), fault.get().message());
    }
    model.source().notes().stream()
        .filter(note -> note.severity() == Severity.ERROR)
        .findFirst()
        .ifPresent(
            note -> {
              throw new ModelException(code(note.code()), model.source().path(), note.message());
            });
  }

  private static ErrorCode code(String noteCode) {
    for (ErrorCode code : ErrorCode.values()) {
      if (code.name().equals(noteCode)) {
        return code;
      }
    }
    return ErrorCode.MALFORMED;
  }
}
