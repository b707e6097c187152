package dev.rosetta.formats.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rosetta.formats.huggingface.ModelDirectory;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.spi.FileHead;
import dev.rosetta.spi.ModelFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * SafeTensors models: a single file, a shard or the index of a sharded model, or a Hugging Face
 * directory. The {@code config.json} beside the weights is their metadata.
 */
public final class SafeTensorsFormat implements ModelFormat {
  private static final String SUFFIX = ".safetensors";
  private static final String INDEX_SUFFIX = ".safetensors.index.json";
  private static final Pattern SHARD =
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
        return new ModelDirectory(head.path()).has(SafeTensorsSource.CONFIG)
            || weightFiles(head.path()).findAny().isPresent();
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
      return openFile(path, mainFile(path));
    }
    return openFile(path, path);
  }

  private static ModelSource openFile(Path opened, Path file) {
    String name = String.valueOf(file.getFileName());
    if (name.endsWith(".json")) {
      return SafeTensorsSource.openIndex(opened, file);
    }
    Matcher shard = SHARD.matcher(name);
    if (!shard.matches()) {
      return SafeTensorsSource.open(opened, List.of(file));
    }
    ModelDirectory directory = ModelDirectory.of(file);
    String index = shard.group(1) + INDEX_SUFFIX;
    if (directory.has(index)) {
      return SafeTensorsSource.openIndex(opened, directory.named(index, file));
    }
    return SafeTensorsSource.open(opened, siblings(directory, file, shard));
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

  /** The file to start from, in the order of preference of the transformers library. */
  private static Path mainFile(Path directory) {
    List<Path> files = weightFiles(directory).sorted().toList();
    for (String preferred : List.of("model" + SUFFIX, "model" + INDEX_SUFFIX)) {
      Optional<Path> file = files.stream().filter(f -> f.endsWith(preferred)).findFirst();
      if (file.isPresent()) {
        return new ModelDirectory(directory).named(preferred, directory);
      }
    }
    List<Path> starts = files.stream().filter(SafeTensorsFormat::isStart).toList();
    if (starts.size() == 1) {
      String name = String.valueOf(starts.getFirst().getFileName());
      return new ModelDirectory(directory).named(name, directory);
    }
    throw starts.isEmpty()
        ? new ModelException(
            ErrorCode.NOT_FOUND,
            directory,
            "holds no .safetensors file; give the path of a model file, or download the weights")
        : new ModelException(
            ErrorCode.UNKNOWN_FORMAT,
            directory,
            "holds " + starts.size() + " models in SafeTensors; give the path of one of them");
  }

  /** Whether a file stands for a whole model: no shard but the first one. */
  private static boolean isStart(Path file) {
    Matcher shard = SHARD.matcher(String.valueOf(file.getFileName()));
    if (!shard.matches()) {
      return true;
    }
    Path index = file.resolveSibling(shard.group(1) + INDEX_SUFFIX);
    return shard.group(2).equals("00001") && !Files.exists(index);
  }

  private static Stream<Path> weightFiles(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(
              file -> {
                String name = String.valueOf(file.getFileName());
                return name.endsWith(SUFFIX) || name.endsWith(INDEX_SUFFIX);
              })
          .toList()
          .stream();
    } catch (IOException | UncheckedIOException e) {
      throw new ModelException(
          ErrorCode.UNREADABLE, directory, -1, "the directory cannot be listed: " + e, e);
    }
  }
}
