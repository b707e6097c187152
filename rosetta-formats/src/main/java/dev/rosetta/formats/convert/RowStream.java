package dev.rosetta.formats.convert;

import dev.rosetta.formats.TensorData;
import java.nio.ByteBuffer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes the rows of a tensor one after the other, made in parallel a few mebibytes at a time. The
 * bytes do not depend on the number of threads.
 */
final class RowStream {
  private static final int CHUNK_BYTES = 1 << 19;

  private RowStream() {}

  /**
   * @param order stored row to row of {@code tensor}, or null where they are the same
   */
  static TensorData of(RoleTensor tensor, int @Nullable [] order) {
    return channel -> {
      int rows = tensor.rowCount();
      int rowBytes = tensor.rowBytes();
      int inChunk = Math.max(1, CHUNK_BYTES / rowBytes);
      int chunks = 2 * Runtime.getRuntime().availableProcessors();
      int inBatch = Math.min(rows, (int) Math.min(Integer.MAX_VALUE, (long) inChunk * chunks));
      while ((long) inBatch * rowBytes > Integer.MAX_VALUE - 64) {
        inBatch /= 2;
      }
      byte[] batch = new byte[inBatch * rowBytes];
      for (int first = 0; first < rows; first += inBatch) {
        int start = first;
        int count = Math.min(inBatch, rows - first);
        IntStream.range(0, Math.ceilDiv(count, inChunk))
            .parallel()
            .forEach(
                chunk -> {
                  int end = Math.min(count, (chunk + 1) * inChunk);
                  for (int i = chunk * inChunk; i < end; i++) {
                    int row = order == null ? start + i : order[start + i];
                    tensor.rows().read(row, batch, i * rowBytes);
                  }
                });
        ByteBuffer bytes = ByteBuffer.wrap(batch, 0, count * rowBytes);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      }
    };
  }
}
