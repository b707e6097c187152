package dev.rosetta.cli;

import dev.rosetta.ModelInspection;
import dev.rosetta.ProgressListener;
import dev.rosetta.Side;
import dev.rosetta.model.SafeText;

/**
 * Writes the load log and, on a terminal, a line of progress to standard error once work takes over
 * a second.
 */
final class RunListener implements ProgressListener, AutoCloseable {
  private static final long PATIENCE_NANOS = 1_000_000_000;
  private static final long INTERVAL_NANOS = 100_000_000;
  private static final String CLEAR = "\r\u001b[K";

  private final Terminal terminal;
  private final boolean logging;
  private final boolean progressing;
  private final long start = System.nanoTime();
  private long lastShown = start;
  private boolean shown;

  RunListener(Terminal terminal, LogOptions options) {
    this.terminal = terminal;
    this.logging = !options.quiet;
    this.progressing = logging && !options.noProgress && terminal.errIsTerminal();
  }

  @Override
  public void opened(Side side, ModelInspection inspection) {
    if (logging) {
      clear();
      StringBuilder text = new StringBuilder();
      for (String line : LoadLog.lines(inspection, tensor -> true)) {
        text.append(SafeText.escape(line)).append('\n');
      }
      terminal.logRaw(text.toString());
    }
  }

  @Override
  public void advanced(String phase, int done, int total) {
    long now = System.nanoTime();
    if (progressing && now - start > PATIENCE_NANOS && now - lastShown > INTERVAL_NANOS) {
      terminal.logRaw(CLEAR + "rosetta: " + phase + " " + done + "/" + total);
      lastShown = now;
      shown = true;
    }
  }

  private void clear() {
    if (shown) {
      terminal.logRaw(CLEAR);
      shown = false;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
