package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rosetta.formats.huggingface.ModelDirectory;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * SafeTensors models: a single file, a shard or the index of a sharded model, or a Hugging Face
 * directory. The {@code config.json} beside the weights is their metadata.
 */
public final class SafeTensorsFormat implements ModelFormat {
  static final String SUFFIX = ".safetensors";
  static final String INDEX_SUFFIX = ".safetensors.index.json";
  static final Pattern SHARD =
      Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.safetensors", Pattern.DOTALL);

  /** Used by {@link java.util.ServiceLoader}. */
  public SafeTensorsFormat() {}

  @Override
  public String name() {
    return "SafeTensors";
  }

  @Override
  public boolean recognizes(FileHead head) {
    if (head.directory()) {
      try {
        return new ModelFolder(head.path()).isKnown();
      } catch (ModelException e) {
        return false;
      }
    }
    return (HeaderNames.isSafeTensors(head) && !HeaderNames.isTrace(head)) || isIndex(head);
  }

  /** APR's manifests have a weight_map too, of numbers, and the list of shards that they count. */
  private static boolean isIndex(FileHead head) {
    String text = new String(head.bytes(), UTF_8);
    return head.startsWith("{")
        && text.contains("\"weight_map\"")
        && !(text.contains("\"shard_count\"") && text.contains("\"shards\""));
  }

  @Override
  public ModelSource open(Path path) {
    if (Files.isDirectory(path)) {
      ModelFolder.Start start = new ModelFolder(path).start();
      return openFile(path, start.file(), start.notes());
    }
    if (AdapterFolder.isWeights(String.valueOf(path.getFileName()))) {
      throw AdapterFolder.notModel(path, ModelDirectory.of(path));
    }
    return openFile(path, path, List.of());
  }

  @Override
  public Optional<ModelSource> openAdapter(Path path) {
    return Optional.of(AdapterFolder.open(path));
  }

  private static ModelSource openFile(Path opened, Path file, List<SourceNote> notes) {
    String name = String.valueOf(file.getFileName());
    if (name.endsWith(".json")) {
      return SafeTensorsSource.openIndex(opened, file, notes);
    }
    Matcher shard = SHARD.matcher(name);
    if (!shard.matches()) {
      return SafeTensorsSource.open(opened, List.of(file), notes);
    }
    ModelDirectory directory = ModelDirectory.of(file);
    String index = shard.group(1) + INDEX_SUFFIX;
    if (directory.has(index)) {
      return SafeTensorsSource.openIndex(opened, directory.named(index, file), notes);
    }
    return SafeTensorsSource.open(opened, siblings(directory, file, shard), notes);
  }

  /** All shards by the numbers in their names, where no index lists them. */
  private static List<Path> siblings(ModelDirectory directory, Path file, Matcher shard) {
    int count = Integer.parseInt(shard.group(3));
    List<Path> files = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      files.add(
          directory.named(
              "%s-%05d-of-%s%s".formatted(shard.group(1), i, shard.group(3), SUFFIX), file));
    }
    if (files.isEmpty()) {
      throw new ModelException(ErrorCode.MALFORMED, file, "claims to be a shard of none");
    }
    return files;
  }
}
