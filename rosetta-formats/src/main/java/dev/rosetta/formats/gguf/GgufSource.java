package dev.rosetta.formats.gguf;

import dev.rosetta.formats.TensorRanges;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A GGUF model, of one file or of several. Thread-safe. */
final class GgufSource implements ModelSource {
  private final List<MappedFile> files;
  private final ByteOrder order;
  private final GgufMetadata metadata;
  private final List<TensorInfo> tensors;
  private final List<SourceNote> notes;
  private final TensorRanges ranges;
  private @Nullable Vocabulary vocabulary;

  private GgufSource(
      List<MappedFile> files,
      ByteOrder order,
      GgufMetadata metadata,
      List<TensorInfo> tensors,
      List<SourceNote> notes) {
    this.files = List.copyOf(files);
    this.order = order;
    this.metadata = metadata;
    this.tensors = List.copyOf(tensors);
    this.notes = List.copyOf(notes);
    this.ranges = new TensorRanges(files(), notes);
  }

  /**
   * Opens a file, or the first file of a split model with all others.
   *
   * @throws ModelException if a file is missing or its header is damaged
   */
  static GgufSource open(Path path) {
    List<MappedFile> files = new ArrayList<>();
    try {
      return open(path, files);
    } catch (RuntimeException | Error e) {
      files.forEach(MappedFile::close);
      throw e;
    }
  }

  private static GgufSource open(Path path, List<MappedFile> files) {
    MappedFile first = MappedFile.open(path);
    files.add(first);
    Header header = HeaderReader.read(first);
    List<SourceNote> notes = new ArrayList<>();
    List<TensorInfo> tensors = new ArrayList<>(DirectoryCheck.place(first, 0, header, notes));
    int count = Shards.count(first, header.metadata());
    for (Path other : Shards.others(path, count)) {
      MappedFile file = openShard(other, files.size(), count);
      files.add(file);
      Header shard = HeaderReader.read(file);
      if (shard.dialect().order() != header.dialect().order()) {
        throw new ModelException(
            ErrorCode.MALFORMED, other, 4, "the byte order is not that of " + path.getFileName());
      }
      Shards.check(file, shard.metadata(), files.size() - 1, count);
      tensors.addAll(DirectoryCheck.place(file, files.size() - 1, shard, notes));
    }
    if (count > 1) {
      Shards.checkTensors(first, header.metadata(), tensors.size());
      checkUnique(tensors, files);
    }
    ByteOrder order = header.dialect().order();
    if (order == ByteOrder.BIG_ENDIAN) {
      BigEndian.note(tensors, notes);
    }
    return new GgufSource(
        files, order, header.metadata(), WeightScales.fold(files, order, tensors, notes), notes);
  }

  private static MappedFile openShard(Path path, int number, int count) {
    try {
      return MappedFile.open(path);
    } catch (ModelException e) {
      throw new ModelException(
          e.code(),
          path,
          -1,
          "file " + (number + 1) + " of " + count + " of a split model: " + e.getMessage(),
          e);
    }
  }

  private static void checkUnique(List<TensorInfo> tensors, List<MappedFile> files) {
    Set<String> names = new HashSet<>();
    for (TensorInfo tensor : tensors) {
      if (!names.add(tensor.name())) {
        throw new ModelException(
            ErrorCode.TENSOR_DUPLICATED,
            files.get(tensor.file()).path(),
            "tensor '" + tensor.name() + "' is in an earlier file of the split model as well");
      }
    }
  }

  @Override
  public Path path() {
    return files.getFirst().path();
  }

  @Override
  public String format() {
    return "GGUF";
  }

  @Override
  public List<Path> files() {
    return files.stream().map(MappedFile::path).toList();
  }

  @Override
  public DimensionOrder dimensionOrder() {
    return DimensionOrder.FASTEST_FIRST;
  }

  @Override
  public MetadataDialect dialect() {
    return MetadataDialect.GGUF;
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
    if (vocabulary == null) {
      vocabulary = GgufVocabulary.read(metadata).orElse(null);
    }
    return Optional.ofNullable(vocabulary);
  }

  @Override
  public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
    long position = ranges.position(tensor, from, length);
    Objects.checkFromIndexSize(0, length, target.byteSize());
    if (length == 0) {
      return; // an empty tensor may lie behind the end of a file that lacks its last padding
    }
    MappedFile file = files.get(tensor.file());
    if (order == ByteOrder.BIG_ENDIAN) {
      BigEndian.read(file, tensor, from, target, length);
    } else {
      file.read(position, target, length);
    }
  }

  @Override
  public void requireUnchanged() {
    files.forEach(MappedFile::requireUnchanged);
  }

  @Override
  public void close() {
    files.forEach(MappedFile::close);
  }
}
