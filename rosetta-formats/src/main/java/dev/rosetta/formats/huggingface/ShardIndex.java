package dev.rosetta.formats.huggingface;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * A {@code model.safetensors.index.json}: which shard holds which tensor.
 *
 * @param path the index file
 * @param shards the shards' files, by name
 * @param shardOfTensor file name by tensor name, in the order of the index
 */
public record ShardIndex(Path path, List<Path> shards, Map<String, String> shardOfTensor) {
  private static final int MAX_BYTES = 100_000_000;
  private static final int MAX_SHARDS = 10_000;

  /** Missing shards that an error names; more than any published model has. */
  private static final int LISTED = 200;

  /**
   * Reads an index file.
   *
   * @throws ModelException if it is malformed, or names a file that is absent or elsewhere
   */
  public static ShardIndex read(Path path) {
    Map<String, String> shardOfTensor = shardOfTensor(path);
    List<String> names = names(shardOfTensor);
    ModelDirectory directory = ModelDirectory.of(path);
    requirePresent(path, directory, names);
    List<Path> shards = new ArrayList<>();
    for (String name : names) {
      shards.add(directory.named(name, path));
    }
    return new ShardIndex(path, shards, shardOfTensor);
  }

  /**
   * The names of the shards, present or not.
   *
   * @throws ModelException if the index is malformed
   */
  public static List<String> shardNames(Path path) {
    return names(shardOfTensor(path));
  }

  private static List<String> names(Map<String, String> shardOfTensor) {
    return List.copyOf(new TreeSet<>(shardOfTensor.values()));
  }

  /** Several that are missing are told at once: who downloads one wants to know of the others. */
  private static void requirePresent(Path path, ModelDirectory directory, List<String> names) {
    List<String> missing =
        names.stream().filter(ModelDirectory::isPlain).filter(n -> !directory.has(n)).toList();
    if (missing.size() > 1) {
      String listed =
          missing.stream().limit(LISTED).map(Quoted::quote).collect(Collectors.joining(", "));
      throw new ModelException(
          ErrorCode.NOT_FOUND,
          path,
          "names "
              + names.size()
              + " files, "
              + missing.size()
              + " of which are not in its directory: "
              + listed
              + (missing.size() > LISTED ? " and " + (missing.size() - LISTED) + " more" : "")
              + "; download them");
    }
  }

  private static Map<String, String> shardOfTensor(Path path) {
    Map<String, ?> root = BoundedJson.parseObject(ModelDirectory.readAll(path, MAX_BYTES), path, 0);
    Map<String, ?> weightMap = BoundedJson.asObject(root.get("weight_map"));
    if (weightMap == null) {
      throw new ModelException(
          ErrorCode.MALFORMED, path, "the key \"weight_map\" is absent or not an object");
    }
    Map<String, String> shardOfTensor = new LinkedHashMap<>();
    TreeSet<String> names = new TreeSet<>();
    weightMap.forEach(
        (tensor, shard) -> {
          if (!(shard instanceof String name)) {
            throw new ModelException(
                ErrorCode.MALFORMED,
                path,
                "weight_map of " + Quoted.quote(tensor) + " is not the name of a file");
          }
          shardOfTensor.put(tensor, name);
          names.add(name);
        });
    if (names.isEmpty()) {
      throw new ModelException(ErrorCode.MALFORMED, path, "\"weight_map\" names no tensor");
    }
    if (names.size() > MAX_SHARDS) {
      throw new ModelException(
          ErrorCode.LIMIT_EXCEEDED,
          path,
          "refers to " + names.size() + " files; at most " + MAX_SHARDS + " are read");
    }
    return shardOfTensor;
  }
}
