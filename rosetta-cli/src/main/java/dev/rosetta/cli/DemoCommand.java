package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.report.TextReport;
import dev.rosetta.report.TextReport.Detail;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows a planted fault being found. */
@Command(
    name = "demo",
    description =
        "Makes a tiny model pair with a planted fault and compares it; needs no file and no"
            + " network.")
final class DemoCommand implements Callable<Integer> {
  private static final String BEFORE =
      """
      A tiny model with random weights was written three times: as GGUF, as a healthy APR file, and
      as an APR file whose layer-0 QKV weight is stored [in, out] instead of [out, in].

      """;

  private static final String MIDDLE =
      """

      The file with the planted fault against the GGUF file:

      """;

  private static final String BEFORE_LOG =
      """

      Loading planted.apr says about that tensor, on standard error:

      """;

  private static final String AFTER =
      """

      The embedding and the norm before it agree bit for bit; Q, K and V of layer 0 are the first
      values that part, and only they part when both sides are given the same input. So the fault is
      in that one weight, and in nothing that comes after it.

      Now your own: rosetta model.apr model.gguf
      In CI:        rosetta model.apr model.gguf --assert-match
      """;

  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Option(
      names = "--color",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description = "auto, always or never. Default: ${DEFAULT-VALUE}.")
  ColorChoice color = ColorChoice.AUTO;

  @Option(
      names = {"-v", "--verbose"},
      description = "Tell every capture point and weight; a stack trace on internal errors.")
  boolean verbose;

  DemoCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    DemoComparison demo = DemoComparison.run(comparators.get());
    TextReport text =
        new TextReport(
            verbose ? Detail.EVERY_POINT : Detail.BRIEF,
            terminal.palette(color),
            terminal.width(new Usage(spec)::columns));
    terminal.print(
        BEFORE
            + healthy(demo.healthy())
            + MIDDLE
            + text.render(demo.planted())
            + BEFORE_LOG
            + String.join("\n", demo.loadLog())
            + "\n"
            + AFTER);
    List<String> surprises = demo.surprises();
    if (!surprises.isEmpty()) {
      throw new IllegalStateException(String.join("; ", surprises));
    }
    return 0;
  }

  private static String healthy(ComparisonReport report) {
    return "healthy.apr against model.gguf: "
        + report.verdict()
        + ", "
        + report.coverage().points().compared()
        + " of "
        + report.coverage().points().expected()
        + " capture points compared.\n";
  }
}
