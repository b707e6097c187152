package dev.rosetta.formats.gguf;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.MappedFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tensor data of big-endian files, turned while they are copied so that readers see little-endian
 * data. Scalars are turned as a whole; of quantised blocks only the half-precision numbers are, as
 * llama.cpp's {@code gguf_convert_endian.py} defines it for some types. Tensors of the others, of
 * which no converter is known, are listed and not read.
 */
final class BigEndian {
  private static final long CHUNK_BYTES = 1 << 16;

  private BigEndian() {}

  /**
   * Where the half-precision numbers of a block are, in bytes; null for a type without converter.
   */
  private static int @Nullable [] halves(ElementType type) {
    return switch (type) {
      case Q4_0, Q8_0, Q1_0 -> new int[] {0};
      case Q4_K -> new int[] {0, 2};
      case TQ2_0 -> new int[] {64};
      case Q6_K -> new int[] {208};
      case MXFP4 -> new int[0];
      default -> null;
    };
  }

  /** Adds a note for each tensor whose data cannot be read. */
  static void note(List<TensorInfo> tensors, List<SourceNote> notes) {
    for (TensorInfo tensor : tensors) {
      if (tensor.type().blockElements() > 1 && halves(tensor.type()) == null) {
        notes.add(
            new SourceNote(
                Severity.ERROR,
                ErrorCode.UNSUPPORTED_ELEMENT_TYPE.name(),
                tensor.name(),
                "tensor '"
                    + tensor.name()
                    + "' holds big-endian "
                    + tensor.type()
                    + " blocks, whose byte order no known converter defines; make a little-endian"
                    + " file from the original model"));
      }
    }
  }

  /**
   * Copies data in little-endian order; {@code from} and {@code length} may split a scalar or a
   * block. Tensors that {@link #note} marked are not read.
   */
  static void read(
      MappedFile file, TensorInfo tensor, long from, MemorySegment target, long length) {
    int[] order = order(tensor.type());
    int width = order.length;
    byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES / width * width, tensor.byteSize())];
    MemorySegment memory = MemorySegment.ofArray(chunk);
    for (long done = 0; done < length; ) {
      long first = (from + done) / width * width;
      int available = (int) Math.min(chunk.length, tensor.byteSize() - first);
      file.read(tensor.offset() + first, memory, available);
      int skip = (int) (from + done - first);
      int usable = (int) Math.min(available - skip, length - done);
      for (int i = skip; i < skip + usable; i++) {
        byte turned = chunk[i / width * width + order[i % width]];
        target.set(ValueLayout.JAVA_BYTE, done + i - skip, turned);
      }
      done += usable;
    }
  }

  /** For each byte of a little-endian scalar or block, which stored one it is. */
  private static int[] order(ElementType type) {
    int width = type.blockBytes();
    int[] order = new int[width];
    int[] halves = halves(type);
    if (halves == null) {
      Arrays.setAll(order, i -> width - 1 - i);
      return order;
    }
    Arrays.setAll(order, i -> i);
    for (int half : halves) {
      order[half] = half + 1;
      order[half + 1] = half;
    }
    return order;
  }
}
