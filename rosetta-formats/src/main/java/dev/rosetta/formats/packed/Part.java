package dev.rosetta.formats.packed;

import dev.rosetta.formats.json.Quoted;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * A stored tensor that belongs to a packed weight; its bytes lie inside its file.
 *
 * @param file the file that holds it
 * @param tensor its entry in that file's directory
 */
record Part(MappedFile file, TensorInfo tensor) {

  String name() {
    return tensor.name();
  }

  List<Long> dims() {
    return tensor.dims();
  }

  /** Copies {@code length} bytes from byte {@code from} of the tensor. */
  void read(long from, byte[] target, int to, int length) {
    Objects.checkFromIndexSize(from, length, tensor.byteSize());
    if (length > 0) {
      MemorySegment segment = MemorySegment.ofArray(target).asSlice(to, length);
      file.read(tensor.offset() + from, segment, length);
    }
  }

  /** The whole tensor, which the caller knows to be small. */
  byte[] readAll() {
    byte[] bytes = new byte[Math.toIntExact(tensor.byteSize())];
    read(0, bytes, 0, bytes.length);
    return bytes;
  }

  /** Whether every byte is 0; looks no further than the first that is not. */
  boolean isZero() {
    byte[] bytes = new byte[(int) Math.min(tensor.byteSize(), 1 << 16)];
    for (long at = 0; at < tensor.byteSize(); at += bytes.length) {
      int length = (int) Math.min(bytes.length, tensor.byteSize() - at);
      read(at, bytes, 0, length);
      for (int i = 0; i < length; i++) {
        if (bytes[i] != 0) {
          return false;
        }
      }
    }
    return true;
  }

  /** {@code "name" U8[4, 2]}, for messages. */
  String described() {
    return Quoted.quote(name()) + " " + tensor.type() + tensor.dims();
  }

  /** An error about this tensor. */
  ModelException error(ErrorCode code, String message) {
    return new ModelException(code, file.path(), tensor.offset(), described() + " " + message);
  }

  /**
   * @throws ModelException if it has not these dimensions
   */
  void requireDims(List<Long> expected, String reason) {
    if (!dims().equals(expected)) {
      throw error(ErrorCode.SHAPE_MISMATCH, "should be " + expected + ": " + reason);
    }
  }
}
