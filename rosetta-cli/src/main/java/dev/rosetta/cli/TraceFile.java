package dev.rosetta.cli;

import dev.rosetta.TraceSink;
import dev.rosetta.formats.safetensors.SafeTensorsTraceWriter;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.nio.file.Path;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** Writes the activations of a run to a file, which appears when it is complete. */
final class TraceFile implements TraceSink, AutoCloseable {
  private final Path target;
  private @Nullable SafeTensorsTraceWriter writer;
  private int tokens;
  private int points;

  TraceFile(Path target) {
    this.target = target;
  }

  @Override
  public void begin(int[] ids, SortedMap<CapturePoint, Integer> widths) {
    writer = SafeTensorsTraceWriter.create(target, ids, widths);
    tokens = ids.length;
    points = widths.size();
  }

  @Override
  public void accept(CapturePoint point, Activation activation) {
    begun().write(point, activation);
  }

  /** Puts the file in its place. */
  void commit() {
    begun().commit();
  }

  /** {@code 41 capture points of 12 tokens written to trace.safetensors}. */
  String summary() {
    return points + " capture points of " + tokens + " tokens written to " + target;
  }

  private SafeTensorsTraceWriter begun() {
    SafeTensorsTraceWriter begun = writer;
    if (begun == null) {
      throw new IllegalStateException("the run did not begin");
    }
    return begun;
  }

  @Override
  public void close() {
    if (writer != null) {
      writer.close();
    }
  }
}
