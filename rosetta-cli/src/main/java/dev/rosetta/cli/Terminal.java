package dev.rosetta.cli;

import dev.rosetta.model.SafeText;
import dev.rosetta.report.Palette;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntSupplier;

/**
 * Standard output and standard error of a run, always UTF-8. Output that fails is an exception; a
 * log that fails is lost.
 */
final class Terminal {
  private static final int STDOUT = 1;
  private static final int STDERR = 2;

  private final OutputStream out;
  private final OutputStream err;
  private final boolean outIsTerminal;
  private final boolean errIsTerminal;
  private final boolean colourUnwanted;

  private Terminal(
      OutputStream out,
      OutputStream err,
      boolean outIsTerminal,
      boolean errIsTerminal,
      boolean colourUnwanted) {
    this.out = out;
    this.err = err;
    this.outIsTerminal = outIsTerminal;
    this.errIsTerminal = errIsTerminal;
    this.colourUnwanted = colourUnwanted;
  }

  /** The process's own streams. */
  static Terminal ofProcess() {
    String noColor = System.getenv("NO_COLOR");
    return new Terminal(
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        isTerminal(STDOUT),
        isTerminal(STDERR),
        noColor != null && !noColor.isEmpty() || "dumb".equals(System.getenv("TERM")));
  }

  /** Two streams that are no terminals. */
  static Terminal of(OutputStream out, OutputStream err) {
    return new Terminal(out, err, false, false, false);
  }

  /** Java only tells whether standard input and output both are terminals; Linux tells of each. */
  @SuppressWarnings("SystemConsoleNull") // JDK 25 returns null again where there is no terminal
  private static boolean isTerminal(int descriptor) {
    Path link = Path.of("/proc/self/fd/" + descriptor);
    try {
      if (Files.isSymbolicLink(link)) {
        String target = Files.readSymbolicLink(link).toString();
        return target.startsWith("/dev/pts/")
            || target.startsWith("/dev/tty")
            || target.equals("/dev/console");
      }
    } catch (IOException e) {
      return false;
    }
    return System.console() != null && System.console().isTerminal();
  }

  /**
   * Writes a report to standard output.
   *
   * @throws OutputFailure if it cannot be written
   */
  void print(String text) {
    try {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    } catch (IOException e) {
      throw new OutputFailure(e);
    }
  }

  /** Writes one line to standard error; control characters are escaped. */
  void log(String line) {
    logRaw(SafeText.escape(line) + "\n");
  }

  /** Writes text to standard error as it is. */
  void logRaw(String text) {
    try {
      err.write(text.getBytes(StandardCharsets.UTF_8));
      err.flush();
    } catch (IOException e) {
      // Nobody can be told: this was the channel for telling.
    }
  }

  boolean errIsTerminal() {
    return errIsTerminal;
  }

  /** The palette of standard output. */
  Palette palette(ColorChoice choice) {
    return switch (choice) {
      case ALWAYS -> Palette.ANSI;
      case NEVER -> Palette.PLAIN;
      case AUTO -> outIsTerminal && !colourUnwanted ? Palette.ANSI : Palette.PLAIN;
    };
  }

  /** Columns of standard output; 0 where it is no terminal, so that lines are never broken. */
  int width(IntSupplier columns) {
    return outIsTerminal ? columns.getAsInt() : 0;
  }
}
