package dev.rosetta.cli;

import dev.rosetta.ModelInspection;
import dev.rosetta.Side;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.report.InspectionReport;
import dev.rosetta.report.TextReport.Detail;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows what a file says about its model. */
@Command(
    name = "inspect",
    description =
        "Shows format, config with the origin of every field, tensor directory, element types and"
            + " warnings; reads no weights. Exits with 3 if part of the file cannot be read.")
final class InspectCommand implements Callable<Integer> {
  /** The exit code for an input that cannot be read, here in part. */
  private static final int UNREADABLE = 3;

  private static final Set<String> DAMAGE =
      Set.of(
          ErrorCode.FILE_TRUNCATED.name(),
          ErrorCode.TENSOR_OUT_OF_BOUNDS.name(),
          ErrorCode.CHECKSUM_MISMATCH.name(),
          ErrorCode.UNSUPPORTED_ARCHITECTURE.name(),
          ErrorCode.UNSUPPORTED_ELEMENT_TYPE.name(),
          ErrorCode.UNSUPPORTED_QUANTIZATION.name());

  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model to look at.")
  Path model;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  Format format = Format.TEXT;

  @Option(
      names = "-o",
      paramLabel = "FILE",
      description = "Write to FILE instead of standard output.")
  @Nullable Path output;

  @Mixin LogOptions log;

  InspectCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    log.check(usage);
    if (output != null) {
      ReportFiles.check(usage, List.of(output), List.of(model));
    }
    ModelInspection inspection = comparators.get().inspect(model);
    try (RunListener listener = new RunListener(terminal, log)) {
      listener.opened(Side.A, inspection);
    }
    String text =
        format == Format.JSON
            ? InspectionReport.json(inspection)
            : InspectionReport.text(inspection, log.verbose ? Detail.EVERY_POINT : Detail.BRIEF);
    if (output != null) {
      ReportFiles.write(output, text);
    } else {
      terminal.print(text);
    }
    return inspection.notes().stream().anyMatch(InspectCommand::isDamage) ? UNREADABLE : 0;
  }

  /** Whether a note says that part of the file cannot be read, rather than that it is odd. */
  private static boolean isDamage(SourceNote note) {
    return note.severity() == Severity.ERROR && DAMAGE.contains(note.code());
  }
}
