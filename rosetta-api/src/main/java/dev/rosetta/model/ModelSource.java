package dev.rosetta.model;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An opened model: what its file or files say, before anything is normalised.
 *
 * <p>Data stays in the file until {@link #read} copies it out. Implementations are thread-safe;
 * after {@link #close()} every other method may throw {@link IllegalStateException}.
 */
public interface ModelSource extends AutoCloseable {

  /** The path that was opened: a file, a first shard, or a directory. */
  Path path();

  /** Display name of the format: {@code APR}, {@code GGUF}, {@code SafeTensors}. */
  String format();

  /** Files that hold tensor data, in shard order. */
  List<Path> files();

  DimensionOrder dimensionOrder();

  MetadataDialect dialect();

  Metadata metadata();

  /** The tensor directory in file order. Names are unique. */
  List<TensorInfo> tensors();

  /**
   * Damage and oddities found in the directory. Data of a tensor with an ERROR note is not read.
   */
  List<SourceNote> notes();

  /**
   * The tokenizer, decoded on first use; empty where the source carries none.
   *
   * @throws ModelException if it is present but malformed
   */
  Optional<Vocabulary> vocabulary();

  /**
   * Copies {@code length} bytes of a tensor's data, from {@code from} bytes after its first block,
   * to the start of {@code target}.
   *
   * @throws IndexOutOfBoundsException if the range is not inside the tensor's data or {@code
   *     target}
   * @throws ModelException if the file shrank or cannot be read any more
   */
  void read(TensorInfo tensor, long from, MemorySegment target, long length);

  /**
   * Checks that the files of this source are still those that were opened. Called once, after the
   * last read and before a result is given out. A source that holds its data in memory has nothing
   * to check.
   *
   * @throws ModelException with {@link ErrorCode#FILE_CHANGED} if one was replaced or written to
   */
  default void requireUnchanged() {}

  @Override
  void close();
}
