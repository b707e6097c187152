package dev.rosetta.cli;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.report.DiagnosisPage;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a diagnosis code means and what to do about it. */
@Command(
    name = "explain",
    description =
        "Explains a diagnosis code: what is seen, where it comes from, how it is recognised, what"
            + " to change. Without a code, lists all of them.")
final class ExplainCommand implements Callable<Integer> {
  /** Columns where output is no terminal: prose reads badly in long lines. */
  private static final int WIDTH = 80;

  private final Terminal terminal;

  @Spec CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "CODE",
      description = "As in a report, for instance QK_PERMUTED; case does not matter.")
  @Nullable String code;

  ExplainCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    int columns = terminal.width(new Usage(spec)::columns);
    int width = columns > 0 ? Math.min(columns, WIDTH) : WIDTH;
    terminal.print(code == null ? list(width) : DiagnosisPage.of(parse(code)).text(width));
    return 0;
  }

  private DiagnosisCode parse(String name) {
    String wanted = name.strip().toUpperCase(Locale.ROOT).replace('-', '_');
    Optional<DiagnosisCode> known =
        Arrays.stream(DiagnosisCode.values()).filter(c -> c.name().equals(wanted)).findFirst();
    return known.orElseThrow(
        () ->
            new Usage(spec)
                .error("'" + name + "' is no diagnosis code; 'rosetta explain' lists them"));
  }

  /** One line for each code; the summary goes below its code where both do not fit. */
  private static String list(int width) {
    int longest =
        Arrays.stream(DiagnosisCode.values()).mapToInt(c -> c.name().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (DiagnosisCode code : DiagnosisCode.values()) {
      String summary = DiagnosisPage.of(code).summary();
      boolean fits = longest + 2 + summary.length() <= width;
      text.append(code.name())
          .append(fits ? " ".repeat(longest + 2 - code.name().length()) : "\n    ")
          .append(summary)
          .append('\n');
    }
    return text.toString();
  }
}
