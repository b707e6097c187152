package dev.rosetta.formats;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Where the data of a source's tensors may be read: inside the tensor, and not at all where an
 * ERROR note says that it is damaged. Immutable and thread-safe.
 */
public final class TensorRanges {
  private final List<Path> files;
  private final Map<String, SourceNote> damaged = new HashMap<>();

  /**
   * @param files as {@link TensorInfo#file()} counts them
   * @param notes what was found about the tensors
   */
  public TensorRanges(List<Path> files, List<SourceNote> notes) {
    this.files = List.copyOf(files);
    for (SourceNote note : notes) {
      if (note.severity() == Severity.ERROR && note.tensor() != null) {
        damaged.putIfAbsent(note.tensor(), note);
      }
    }
  }

  /**
   * The byte of the tensor's file at which {@code from} lies.
   *
   * @param from bytes after the tensor's first block
   * @param length bytes to be read from there
   * @throws IndexOutOfBoundsException if they are not all inside the tensor
   * @throws ModelException if the tensor is damaged
   */
  public long position(TensorInfo tensor, long from, long length) {
    Objects.checkFromIndexSize(from, length, tensor.byteSize());
    SourceNote damage = damaged.get(tensor.name());
    if (damage != null) {
      throw new ModelException(
          ErrorCode.valueOf(damage.code()),
          files.get(tensor.file()),
          tensor.offset(),
          "tensor " + Quoted.quote(tensor.name()) + " cannot be read: " + damage.message());
    }
    return tensor.offset() + from;
  }
}
