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
   * How finely the source's own encoding tells values of a tensor apart, where it is not what
   * {@link TensorInfo#type()} says: a tensor that is decoded from codes and scales.
   *
   * @param from index of the first element, in the order in which values are read
   * @param step receives the distance of neighbouring levels at each element, the larger one where
   *     they differ
   * @param reach receives how far from the decoded value rounding to the nearest level may have
   *     moved it: half a step, more at the ends of the range and where the scale is rounded itself
   * @param count elements
   * @return false, with nothing filled, where the tensor is stored as its own type
   * @throws IndexOutOfBoundsException if the elements are not in the tensor or the arrays are short
   */
  default boolean rounding(TensorInfo tensor, long from, float[] step, float[] reach, int count) {
    return false;
  }

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
