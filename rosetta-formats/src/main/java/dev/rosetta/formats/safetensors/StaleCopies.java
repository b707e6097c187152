package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Tensors that several shards hold, as where a model was saved twice into one folder. The index
 * says which of them counts; without its word none does.
 */
final class StaleCopies {
  private final List<MappedFile> files;
  private final Map<String, String> shardOfTensor;

  StaleCopies(List<MappedFile> files, Map<String, String> shardOfTensor) {
    this.files = files;
    this.shardOfTensor = shardOfTensor;
  }

  /**
   * The tensors without those copies.
   *
   * @param notes is told of each file that holds some
   * @throws ModelException if a name occurs twice and the index does not settle it
   */
  List<TensorInfo> removed(List<TensorInfo> tensors, List<SourceNote> notes) {
    Map<String, List<TensorInfo>> byName = new LinkedHashMap<>();
    for (TensorInfo tensor : tensors) {
      byName.computeIfAbsent(tensor.name(), _ -> new ArrayList<>(1)).add(tensor);
    }
    TreeMap<String, List<String>> stale = new TreeMap<>();
    for (List<TensorInfo> same : byName.values()) {
      if (same.size() == 1) {
        continue;
      }
      if (same.stream().filter(this::isListed).count() != 1) {
        throw duplicated(same.get(0), same.get(1));
      }
      for (TensorInfo tensor : same) {
        if (!isListed(tensor)) {
          stale.computeIfAbsent(file(tensor), _ -> new ArrayList<>()).add(tensor.name());
        }
      }
    }
    if (stale.isEmpty()) {
      return tensors;
    }
    stale.forEach((file, names) -> notes.add(note(file, names)));
    Set<String> settled = stale.values().stream().flatMap(List::stream).collect(Collectors.toSet());
    return tensors.stream()
        .filter(tensor -> !settled.contains(tensor.name()) || isListed(tensor))
        .toList();
  }

  private boolean isListed(TensorInfo tensor) {
    return file(tensor).equals(shardOfTensor.get(tensor.name()));
  }

  private static SourceNote note(String file, List<String> names) {
    return new SourceNote(
        Severity.WARNING,
        "STALE_COPY",
        names.getFirst(),
        file
            + " holds "
            + (names.size() == 1 ? "a copy of " : names.size() + " tensors that are copies, as of ")
            + Quoted.quote(names.getFirst())
            + "; the index places "
            + (names.size() == 1 ? "it" : "them")
            + " in another shard, which is the one that is read");
  }

  private ModelException duplicated(TensorInfo other, TensorInfo tensor) {
    return new ModelException(
        ErrorCode.TENSOR_DUPLICATED,
        files.get(tensor.file()).path(),
        "tensor "
            + Quoted.quote(tensor.name())
            + " is also in "
            + file(other)
            + ", and no index says which of them counts");
  }

  private String file(TensorInfo tensor) {
    return String.valueOf(files.get(tensor.file()).path().getFileName());
  }
}
