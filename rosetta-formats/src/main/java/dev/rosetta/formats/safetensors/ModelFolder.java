package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.huggingface.ModelDirectory;
import dev.rosetta.formats.huggingface.ShardIndex;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.stream.Stream;

/** The files of a directory, and which of them stands for its model. */
final class ModelFolder {
  static final String PARAMS = "params.json";

  private static final String SINGLE = "model" + SafeTensorsFormat.SUFFIX;
  private static final String INDEX = "model" + SafeTensorsFormat.INDEX_SUFFIX;

  /** Names that a message lists. */
  private static final int LISTED = 5;

  private final ModelDirectory directory;
  private final List<String> names;
  private final List<SourceNote> notes = new ArrayList<>();

  /**
   * @throws ModelException if the directory cannot be listed
   */
  ModelFolder(Path path) {
    this.directory = new ModelDirectory(path);
    try (Stream<Path> files = Files.list(path)) {
      this.names = files.map(file -> String.valueOf(file.getFileName())).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, path, -1, "the directory cannot be listed: " + e, e);
    }
  }

  /**
   * The file to open for the directory.
   *
   * @param notes what lies beside it and was not taken
   */
  record Start(Path file, List<SourceNote> notes) {}

  /** Whether the directory is that of a model, or of what people take for one. */
  boolean isKnown() {
    return directory.has(SafeTensorsSource.CONFIG)
        || names.stream()
            .anyMatch(
                name ->
                    isWeights(name)
                        || AdapterFolder.isPart(name)
                        || TorchFiles.isModel(name)
                        || isOtherFormat(name));
  }

  /**
   * The file to start from: the shards that an index names, a single file, the original release.
   *
   * @throws ModelException if there is none, or there are several
   */
  Start start() {
    List<String> weights = named(ModelFolder::isWeights);
    if (weights.isEmpty()) {
      throw refusal();
    }
    String chosen = chosen(weights);
    noteOthers();
    return new Start(directory.named(chosen, directory.path()), notes);
  }

  private String chosen(List<String> weights) {
    if (weights.contains(SINGLE)) {
      return weights.contains(INDEX) && isLeftOver() ? INDEX : SINGLE;
    }
    if (weights.contains(INDEX)) {
      noteOriginal(weights);
      return INDEX;
    }
    List<String> starts = weights.stream().filter(this::isStart).toList();
    List<String> trained = starts.stream().filter(name -> !isOriginal(name)).toList();
    if (trained.size() == 1 && starts.size() > 1) {
      noteOriginal(weights);
      return trained.getFirst();
    }
    if (starts.size() == 1) {
      return starts.getFirst();
    }
    if (starts.isEmpty()) {
      throw new ModelException(
          ErrorCode.NOT_FOUND,
          directory.path(),
          "holds shards of a model and not the first one: "
              + list(weights)
              + "; download the others and the index");
    }
    throw new ModelException(
        ErrorCode.UNKNOWN_FORMAT,
        directory.path(),
        "holds "
            + starts.size()
            + " models in SafeTensors: "
            + list(starts)
            + "; give the path of one of them");
  }

  /** Whether the index has shards of its own, so that a single file beside it is none of them. */
  private boolean isLeftOver() {
    List<String> shards = ShardIndex.shardNames(directory.named(INDEX, directory.path()));
    if (shards.contains(SINGLE)) {
      return false;
    }
    boolean there = shards.stream().anyMatch(directory::has);
    note(
        Severity.WARNING,
        there ? "LEFT_OVER" : "INDEX_STALE",
        there
            ? SINGLE
                + " lies beside "
                + INDEX
                + ", which names other files; the index is followed, but the transformers library"
                + " would load "
                + SINGLE
                + ": remove the one that is left over"
            : INDEX
                + " names "
                + list(shards)
                + ", none of which is there; "
                + SINGLE
                + " is read instead: remove the index if it is left over");
    return there;
  }

  private void noteOriginal(List<String> weights) {
    if (weights.stream().anyMatch(ModelFolder::isOriginal)) {
      note(
          Severity.INFO,
          "ORIGINAL_BESIDE",
          "the original release lies beside the converted one and is not read: "
              + list(named(ModelFolder::isOriginal))
              + "; give the path of that file to compare it");
    }
  }

  private void noteOthers() {
    List<String> others = named(ModelFolder::isOtherFormat);
    if (!others.isEmpty()) {
      note(
          Severity.WARNING,
          "OTHER_FORMAT_BESIDE",
          "the folder holds "
              + list(others)
              + " beside the SafeTensors model, which is the one that is read; give the path of"
              + " the file itself to compare that");
    }
    if (names.stream().anyMatch(AdapterFolder::isWeights)) {
      note(
          Severity.WARNING,
          "ADAPTER_BESIDE",
          "an adapter lies beside the model and is not applied; --lora-a and --lora-b apply one");
    }
  }

  /** Why there is nothing here to open, a missing config first. */
  private ModelException refusal() {
    if (names.stream().anyMatch(AdapterFolder::isPart)) {
      return AdapterFolder.notModel(directory.path(), directory);
    }
    boolean config = directory.has(SafeTensorsSource.CONFIG) || directory.has(PARAMS);
    String first = config ? "" : "has no " + SafeTensorsSource.CONFIG + ", and ";
    List<String> others = named(ModelFolder::isOtherFormat);
    if (!others.isEmpty()) {
      return new ModelException(
          ErrorCode.UNKNOWN_FORMAT,
          directory.path(),
          "is a folder with " + list(others) + "; give the path of the file itself");
    }
    List<String> torch = named(TorchFiles::isModel);
    if (!torch.isEmpty()) {
      return new ModelException(
          ErrorCode.UNKNOWN_FORMAT,
          directory.path(),
          first + "holds " + list(torch) + " only; " + TorchFiles.remedy(torch.getFirst()));
    }
    return new ModelException(
        ErrorCode.NOT_FOUND,
        directory.path(),
        first
            + "holds no .safetensors file; give the path of a model file, or download the weights");
  }

  /** Whether a file stands for a whole model: no shard but the first one. */
  private boolean isStart(String name) {
    Matcher shard = SafeTensorsFormat.SHARD.matcher(name);
    if (!shard.matches()) {
      return true;
    }
    return shard.group(2).equals("00001")
        && !directory.has(shard.group(1) + SafeTensorsFormat.INDEX_SUFFIX);
  }

  private List<String> named(Predicate<String> kind) {
    return names.stream().filter(kind).toList();
  }

  private void note(Severity severity, String code, String message) {
    notes.add(new SourceNote(severity, code, null, message));
  }

  private static String list(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(LISTED, names.size())));
    return names.size() > LISTED ? shown + " and " + (names.size() - LISTED) + " more" : shown;
  }

  private static boolean isWeights(String name) {
    return (name.endsWith(SafeTensorsFormat.SUFFIX)
            || name.endsWith(SafeTensorsFormat.INDEX_SUFFIX))
        && !AdapterFolder.isPart(name);
  }

  /** Files of Meta's and Mistral's own releases, whose names and row order are other ones. */
  static boolean isOriginal(String name) {
    return name.startsWith("consolidated");
  }

  private static boolean isOtherFormat(String name) {
    return name.endsWith(".gguf") || name.endsWith(".apr");
  }
}
