package dev.rosetta.formats.gguf;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Tensor data of big-endian files. Scalars are turned while they are copied, so that readers see
 * little-endian data; the byte order inside quantised blocks is that of the machine that wrote them
 * and is not described anywhere, so such tensors are listed and not read.
 */
final class BigEndian {
  private BigEndian() {}

  /** Adds a note for each tensor whose data cannot be read. */
  static void note(List<TensorInfo> tensors, List<SourceNote> notes) {
    for (TensorInfo tensor : tensors) {
      if (!isReadable(tensor.type())) {
        notes.add(
            new SourceNote(
                Severity.ERROR,
                ErrorCode.UNSUPPORTED_ELEMENT_TYPE.name(),
                tensor.name(),
                "tensor '"
                    + tensor.name()
                    + "' holds big-endian "
                    + tensor.type()
                    + " blocks, which are not decoded; convert the file to little-endian with"
                    + " llama.cpp's gguf_convert_endian.py"));
      }
    }
  }

  /**
   * Copies scalars with their bytes turned around; {@code from} and {@code length} may split one.
   * Tensors that {@link #note} marked are not read.
   */
  static void read(
      MappedFile file, TensorInfo tensor, long from, MemorySegment target, long length) {
    int width = tensor.type().blockBytes();
    int chunkBytes = 1 << 16;
    byte[] chunk = new byte[(int) Math.min(chunkBytes, tensor.byteSize())];
    MemorySegment memory = MemorySegment.ofArray(chunk);
    for (long done = 0; done < length; ) {
      long first = (from + done) / width * width;
      int available = (int) Math.min(chunk.length, tensor.byteSize() - first);
      file.read(tensor.offset() + first, memory, available);
      int skip = (int) (from + done - first);
      int usable = (int) Math.min(available - skip, length - done);
      for (int i = skip; i < skip + usable; i++) {
        byte turned = chunk[i / width * width + width - 1 - i % width];
        target.set(ValueLayout.JAVA_BYTE, done + i - skip, turned);
      }
      done += usable;
    }
  }

  private static boolean isReadable(ElementType type) {
    return type.blockElements() == 1;
  }
}
