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

  /**
   * Reads an index file.
   *
   * @throws ModelException if it is malformed, or names a file that is absent or elsewhere
   */
  public static ShardIndex read(Path path) {
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
    ModelDirectory directory = ModelDirectory.of(path);
    List<Path> shards = new ArrayList<>();
    for (String name : names) {
      shards.add(directory.named(name, path));
    }
    return new ShardIndex(path, shards, shardOfTensor);
  }
}
