package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.TensorRanges;
import dev.rosetta.formats.huggingface.HuggingFaceTokenizer;
import dev.rosetta.formats.huggingface.ModelDirectory;
import dev.rosetta.formats.huggingface.ShardIndex;
import dev.rosetta.formats.json.JsonMetadata;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.formats.packed.PackedTensors;
import dev.rosetta.formats.packed.PackedWeight;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One or more SafeTensors files with the JSON files beside them. Thread-safe. */
final class SafeTensorsSource implements ModelSource {
  static final String CONFIG = "config.json";

  private static final int MAX_CONFIG_BYTES = 16 << 20;

  private final Path path;
  private final ModelDirectory directory;
  private final List<MappedFile> files;
  private final Metadata metadata;
  private final List<TensorInfo> tensors;
  private final List<SourceNote> notes;
  private final TensorRanges ranges;
  private final Map<String, PackedWeight> packed;

  /** Files beside the weights as they were when they were read; closed. */
  private final List<MappedFile> beside;

  private boolean vocabularyIsRead;
  private @Nullable Vocabulary vocabulary;

  private SafeTensorsSource(
      Path path,
      ModelDirectory directory,
      List<MappedFile> files,
      List<MappedFile> beside,
      Metadata metadata,
      PackedTensors tensors,
      List<SourceNote> notes) {
    this.beside = beside;
    this.path = path;
    this.directory = directory;
    this.files = List.copyOf(files);
    this.metadata = metadata;
    this.tensors = tensors.tensors();
    this.packed = tensors.weights();
    this.notes = List.copyOf(notes);
    this.ranges = new TensorRanges(files(), notes);
  }

  /** Opens shards without an index, or a single file. */
  static SafeTensorsSource open(Path path, List<Path> shards, List<SourceNote> known) {
    List<SourceNote> notes = new ArrayList<>(known);
    if (shards.size() > 1) {
      notes.add(
          new SourceNote(
              Severity.WARNING,
              "INDEX_MISSING",
              null,
              "no index lists the " + shards.size() + " shards; they were found by their names"));
    }
    return open(path, shards, Map.of(), notes);
  }

  /** Opens the shards that the file {@code indexFile} lists. */
  static SafeTensorsSource openIndex(Path path, Path indexFile, List<SourceNote> known) {
    MappedFile state = stateOf(indexFile);
    ShardIndex index = ShardIndex.read(indexFile);
    SafeTensorsSource source =
        open(path, index.shards(), index.shardOfTensor(), new ArrayList<>(known));
    source.beside.add(state);
    return source;
  }

  /** What tells later whether a small file that was read as a whole has changed. */
  private static MappedFile stateOf(Path file) {
    MappedFile state = MappedFile.open(file);
    state.close();
    return state;
  }

  private static SafeTensorsSource open(
      Path path, List<Path> shards, Map<String, String> shardOfTensor, List<SourceNote> notes) {
    ModelDirectory directory = ModelDirectory.of(shards.getFirst());
    List<MappedFile> files = new ArrayList<>();
    try {
      List<TensorInfo> tensors = new ArrayList<>();
      Map<String, String> strings = new LinkedHashMap<>();
      for (Path shard : shards) {
        files.add(MappedFile.open(shard));
        Header header = Header.read(files.getLast(), files.size() - 1);
        tensors.addAll(header.tensors());
        header.metadata().forEach(strings::putIfAbsent);
        notes.addAll(header.notes());
      }
      tensors = new StaleCopies(files, shardOfTensor).removed(tensors, notes);
      if (!shardOfTensor.isEmpty()) {
        compareWithIndex(tensors, files, shardOfTensor, notes);
      }
      List<MappedFile> beside = new ArrayList<>();
      String config = configOf(shards.getFirst(), directory);
      if (directory.has(config)) {
        beside.add(stateOf(directory.named(config, directory.path())));
      }
      Metadata metadata = metadata(directory, config, strings, notes);
      if (!directory.has(HuggingFaceTokenizer.FILE)) {
        noteOtherTokenizers(directory, notes);
      }
      PackedTensors read = PackedTensors.of(files, tensors, metadata, notes);
      return new SafeTensorsSource(path, directory, files, beside, metadata, read, notes);
    } catch (RuntimeException e) {
      files.forEach(MappedFile::close);
      throw e;
    }
  }

  private static void compareWithIndex(
      List<TensorInfo> tensors,
      List<MappedFile> files,
      Map<String, String> shardOfTensor,
      List<SourceNote> notes) {
    Map<String, String> found = new HashMap<>();
    for (TensorInfo tensor : tensors) {
      String file = String.valueOf(files.get(tensor.file()).path().getFileName());
      found.put(tensor.name(), file);
      String listed = shardOfTensor.get(tensor.name());
      if (!file.equals(listed)) {
        notes.add(
            new SourceNote(
                Severity.WARNING,
                "INDEX_MISMATCH",
                tensor.name(),
                Quoted.quote(tensor.name())
                    + " is in "
                    + file
                    + (listed == null
                        ? ", the index does not list it"
                        : ", the index says " + Quoted.quote(listed))));
      }
    }
    shardOfTensor.forEach(
        (name, shard) -> {
          if (!found.containsKey(name)) {
            notes.add(
                new SourceNote(
                    Severity.ERROR,
                    ErrorCode.TENSOR_MISSING.name(),
                    name,
                    "the index places "
                        + Quoted.quote(name)
                        + " in "
                        + Quoted.quote(shard)
                        + ", which does not hold it"));
          }
        });
  }

  /** The file that describes the weights: that of a model, an original release or an adapter. */
  private static String configOf(Path weights, ModelDirectory directory) {
    String name = String.valueOf(weights.getFileName());
    if (name.equals(AdapterFolder.WEIGHTS)) {
      return AdapterFolder.CONFIG;
    }
    return ModelFolder.isOriginal(name) && directory.has(ModelFolder.PARAMS)
        ? ModelFolder.PARAMS
        : CONFIG;
  }

  private static Metadata metadata(
      ModelDirectory directory, String file, Map<String, String> strings, List<SourceNote> notes) {
    Optional<LinkedHashMap<String, @Nullable Object>> config =
        directory.object(file, MAX_CONFIG_BYTES);
    notes.add(
        config.isPresent()
            ? new SourceNote(
                Severity.INFO,
                "CONFIG_BESIDE",
                null,
                "the configuration is that of " + file + " in the same directory")
            : new SourceNote(
                Severity.WARNING,
                "CONFIG_MISSING",
                null,
                "no " + CONFIG + " lies beside the weights; put the model's own there"));
    Map<String, @Nullable Object> values = config.orElseGet(LinkedHashMap::new);
    if (file.equals(ModelFolder.PARAMS)) {
      values.remove("vocab_size", -1L); // Meta's way to say: as many as the tokenizer has
    }
    strings.forEach((key, text) -> values.putIfAbsent("__metadata__." + key, text));
    return new JsonMetadata(values);
  }

  private static void noteOtherTokenizers(ModelDirectory directory, List<SourceNote> notes) {
    for (String name : List.of("tokenizer.model", "vocab.json", "tekken.json")) {
      if (directory.has(name)) {
        notes.add(
            new SourceNote(
                Severity.WARNING,
                "TOKENIZER_NOT_READ",
                null,
                name
                    + " is not read; save the tokenizer as "
                    + HuggingFaceTokenizer.FILE
                    + " with the transformers library"));
      }
    }
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public String format() {
    return "SafeTensors";
  }

  @Override
  public List<Path> files() {
    return files.stream().map(MappedFile::path).toList();
  }

  @Override
  public DimensionOrder dimensionOrder() {
    return DimensionOrder.ROW_MAJOR;
  }

  @Override
  public MetadataDialect dialect() {
    return MetadataDialect.HUGGING_FACE;
  }

  @Override
  public Metadata metadata() {
    return metadata;
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public List<SourceNote> notes() {
    return notes;
  }

  @Override
  public synchronized Optional<Vocabulary> vocabulary() {
    if (!vocabularyIsRead) {
      for (String name : List.of(HuggingFaceTokenizer.FILE, HuggingFaceTokenizer.CONFIG_FILE)) {
        if (directory.has(HuggingFaceTokenizer.FILE) && directory.has(name)) {
          beside.add(stateOf(directory.named(name, directory.path())));
        }
      }
      vocabulary = HuggingFaceTokenizer.read(directory, metadata).orElse(null);
      vocabularyIsRead = true;
    }
    return Optional.ofNullable(vocabulary);
  }

  @Override
  public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
    PackedWeight weight = packed.get(tensor.name());
    if (weight != null) {
      weight.read(from, target, length);
      return;
    }
    long position = ranges.position(tensor, from, length);
    if (length > 0) { // an empty tensor may lie behind the end of the file
      files.get(tensor.file()).read(position, target, length);
    }
  }

  @Override
  public boolean rounding(TensorInfo tensor, long from, float[] step, float[] reach, int count) {
    PackedWeight weight = packed.get(tensor.name());
    if (weight != null) {
      weight.rounding(from, step, reach, count);
    }
    return weight != null;
  }

  @Override
  public synchronized void requireUnchanged() {
    files.forEach(MappedFile::requireUnchanged);
    beside.forEach(MappedFile::requireUnchanged);
  }

  @Override
  public void close() {
    files.forEach(MappedFile::close);
  }
}
