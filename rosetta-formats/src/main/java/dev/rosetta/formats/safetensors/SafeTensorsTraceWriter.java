package dev.rosetta.formats.safetensors;

import dev.rosetta.formats.AtomicFile;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Saves a forward pass as SafeTensors while it runs: every capture point under its name as F32
 * {@code [tokens, width]}, and the ids as I32 {@code tokens}.
 *
 * <p>The widths are known in advance, so that activations are written as they come, in any order,
 * and none is kept. The file appears on {@link #commit()}. Not thread-safe.
 */
public final class SafeTensorsTraceWriter implements AutoCloseable {
  static final String FORMAT = "rosetta-trace/1";

  private static final int BUFFER_FLOATS = 1 << 14;

  private final Path target;
  private final int tokens;
  private final SortedMap<CapturePoint, Integer> widths;
  private final Map<CapturePoint, Long> unwritten = new TreeMap<>();
  private final AtomicFile file;

  private SafeTensorsTraceWriter(
      Path target, int tokens, SortedMap<CapturePoint, Integer> widths, AtomicFile file) {
    this.target = target;
    this.tokens = tokens;
    this.widths = widths;
    this.file = file;
  }

  /**
   * Begins a recording.
   *
   * @param target the file to create or replace
   * @param tokens the prompt's ids
   * @param widths values per position of each point that will be written
   * @throws ModelException if the file cannot be created
   * @throws IllegalArgumentException if a width is negative
   */
  public static SafeTensorsTraceWriter create(
      Path target, int[] tokens, Map<CapturePoint, Integer> widths) {
    SortedMap<CapturePoint, Integer> sorted = new TreeMap<>(widths);
    List<HeaderText.Entry> entries = new ArrayList<>();
    entries.add(
        new HeaderText.Entry(HeaderNames.TOKENS, ElementType.I32, List.of((long) tokens.length)));
    sorted.forEach(
        (point, width) ->
            entries.add(
                new HeaderText.Entry(
                    point.name(),
                    ElementType.F32,
                    List.of((long) tokens.length, width.longValue()))));
    byte[] header = HeaderText.encode(target, Map.of("format", FORMAT), entries);
    AtomicFile file = AtomicFile.create(target);
    SafeTensorsTraceWriter writer = new SafeTensorsTraceWriter(target, tokens.length, sorted, file);
    try {
      writer.begin(header, tokens);
      return writer;
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void begin(byte[] header, int[] ids) {
    ByteBuffer first =
        ByteBuffer.allocate(Math.addExact(header.length, Math.multiplyExact(4, ids.length)))
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(header);
    first.asIntBuffer().put(ids);
    writeFully(first.rewind(), 0);
    long at = first.capacity();
    for (Map.Entry<CapturePoint, Integer> point : widths.entrySet()) {
      unwritten.put(point.getKey(), at);
      at += 4L * tokens * point.getValue();
    }
  }

  /**
   * Writes the values of one point.
   *
   * @throws ModelException if the file cannot be written
   * @throws IllegalArgumentException if the point was not announced, was written before, or has
   *     another shape
   */
  public void write(CapturePoint point, Activation activation) {
    Integer width = widths.get(point);
    Long start = unwritten.get(point);
    if (width == null || start == null) {
      throw new IllegalArgumentException(
          point + (width == null ? " was not announced" : " was written before"));
    }
    if (activation.tokens() != tokens || activation.width() != width) {
      throw new IllegalArgumentException(
          "%s is [%d, %d], not the announced [%d, %d]"
              .formatted(point, activation.tokens(), activation.width(), tokens, width));
    }
    float[] values = activation.values();
    ByteBuffer buffer =
        ByteBuffer.allocate(4 * Math.min(BUFFER_FLOATS, values.length))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (int from = 0; from < values.length; from += BUFFER_FLOATS) {
      int count = Math.min(BUFFER_FLOATS, values.length - from);
      buffer.clear().limit(4 * count);
      buffer.asFloatBuffer().put(values, from, count);
      writeFully(buffer, start + 4L * from);
    }
    unwritten.remove(point);
  }

  /**
   * Completes the file.
   *
   * @throws ModelException if it cannot be written
   * @throws IllegalStateException if an announced point was not written
   */
  public void commit() {
    if (!unwritten.isEmpty()) {
      throw new IllegalStateException("not written: " + unwritten.keySet());
    }
    file.commit();
  }

  /** Discards the file if it was not committed. */
  @Override
  public void close() {
    file.close();
  }

  private void writeFully(ByteBuffer buffer, long position) {
    FileChannel channel = file.channel();
    try {
      for (long at = position; buffer.hasRemaining(); ) {
        at += channel.write(buffer, at);
      }
    } catch (IOException e) {
      throw new ModelException(ErrorCode.NOT_WRITABLE, target, -1, "cannot be written: " + e, e);
    }
  }
}
