package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.report.ErrorReport;
import dev.rosetta.report.JsonReport;
import dev.rosetta.report.Palette;
import dev.rosetta.report.TextReport;
import dev.rosetta.report.TextReport.Detail;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the report goes and in which form. */
final class ReportOptions {
  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json: form of the report. Default: ${DEFAULT-VALUE}.")
  Format format = Format.TEXT;

  @Option(
      names = "-o",
      paramLabel = "FILE",
      description = "Write the report to FILE instead of standard output.")
  @Nullable Path output;

  @Option(
      names = "--report",
      paramLabel = "FORMAT=FILE",
      description = "Write one more report, in that format, to FILE. Repeatable.")
  List<String> reports = List.of();

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description =
          "auto, always or never. auto colours a terminal unless NO_COLOR is set. Default:"
              + " ${DEFAULT-VALUE}.")
  ColorChoice color = ColorChoice.AUTO;

  /** A report to be written to a file. */
  private record Target(Format format, Path file) {}

  /** Refuses files that must not be written and options without effect. */
  void check(Usage usage, List<Path> inputs) {
    ReportFiles.check(usage, targets(usage).stream().map(Target::file).toList(), inputs);
    if (format == Format.JSON && color == ColorChoice.ALWAYS) {
      throw usage.error("--color always has no effect on --format json");
    }
  }

  private List<Target> targets(Usage usage) {
    List<Target> targets = new ArrayList<>();
    if (output != null) {
      targets.add(new Target(format, output));
    }
    for (String report : reports) {
      int equals = report.indexOf('=');
      if (equals <= 0 || equals == report.length() - 1) {
        throw usage.error(
            "--report " + report + ": write it as FORMAT=FILE, for example json=r.json");
      }
      targets.add(
          new Target(format(usage, report.substring(0, equals)), path(usage, report, equals)));
    }
    return targets;
  }

  private static Format format(Usage usage, String name) {
    for (Format format : Format.values()) {
      if (format.toString().equals(name.toLowerCase(Locale.ROOT))) {
        return format;
      }
    }
    throw usage.error("--report: unknown format '" + name + "'; there are text and json");
  }

  private static Path path(Usage usage, String report, int equals) {
    try {
      return Path.of(report.substring(equals + 1));
    } catch (InvalidPathException e) {
      throw usage.error("--report " + report + ": " + e.getReason());
    }
  }

  /** Writes the report wherever it was asked for. */
  void write(Terminal terminal, Usage usage, ComparisonReport report, int exitCode, Detail detail) {
    for (Target target : targets(usage)) {
      String text =
          target.format == Format.JSON
              ? JsonReport.render(report, exitCode)
              : new TextReport(detail, Palette.PLAIN, 0).render(report);
      ReportFiles.write(target.file, text);
    }
    if (output == null) {
      terminal.print(
          format == Format.JSON
              ? JsonReport.render(report, exitCode)
              : new TextReport(detail, terminal.palette(color), terminal.width(usage::columns))
                  .render(report));
    }
  }

  /**
   * Puts an error where a JSON report was asked for, so that no older report is taken for this
   * run's.
   */
  void writeError(Usage usage, ErrorReport error) {
    for (Target target : targets(usage)) {
      if (target.format == Format.JSON) {
        ReportFiles.write(target.file, error.json());
      }
    }
  }
}
