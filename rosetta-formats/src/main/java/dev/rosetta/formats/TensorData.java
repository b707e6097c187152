package dev.rosetta.formats;

import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** Encoded tensor elements that are produced while they are written. */
@FunctionalInterface
public interface TensorData {

  /** Writes every byte, in order; called once for each file that is written. */
  void writeTo(WritableByteChannel channel) throws IOException;

  /** These bytes. */
  static TensorData of(byte[] bytes) {
    return channel -> writeFully(channel, ByteBuffer.wrap(bytes));
  }

  /** The bytes of a stored tensor, copied in pieces of at most one mebibyte. */
  static TensorData of(ModelSource source, TensorInfo tensor) {
    return channel -> {
      ByteBuffer buffer = ByteBuffer.allocateDirect((int) Math.min(tensor.byteSize(), 1 << 20));
      MemorySegment target = MemorySegment.ofBuffer(buffer);
      long done = 0;
      while (done < tensor.byteSize()) {
        int length = (int) Math.min(tensor.byteSize() - done, buffer.capacity());
        source.read(tensor, done, target, length);
        buffer.clear().limit(length);
        writeFully(channel, buffer);
        done += length;
      }
    };
  }

  private static void writeFully(WritableByteChannel channel, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
