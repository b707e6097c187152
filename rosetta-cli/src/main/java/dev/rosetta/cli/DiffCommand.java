package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.report.ErrorReport;
import dev.rosetta.report.TextReport.Detail;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares weights, config and tokenizer without running anything. */
@Command(
    name = "diff",
    description = "Compares weights, config and tokenizer only: no forward pass.")
final class DiffCommand implements Callable<Integer>, ReportingCommand {
  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "A", description = "First model.")
  Path a;

  @Parameters(index = "1", paramLabel = "B", description = "Second model.")
  Path b;

  @Mixin JudgeOptions judge;
  @Mixin PairOrderOption pairOrder;
  @Mixin LoraOptions lora;

  @Mixin ReportOptions report;
  @Mixin LogOptions log;

  DiffCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    log.check(usage);
    judge.check(usage);
    report.check(usage, lora.inputs(a, b));
    ComparisonRequest request =
        ComparisonRequest.of(a, b).withThreshold(judge.threshold).withoutForwardPass();
    if (lora.a != null) {
      request = request.withLoraA(lora.a);
    }
    if (lora.b != null) {
      request = request.withLoraB(lora.b);
    }
    RosettaComparator comparator = pairOrder.comparator(usage, comparators, a, b);
    ComparisonReport result;
    try (RunListener listener = new RunListener(terminal, log)) {
      result = comparator.compare(request, listener);
    } catch (IllegalArgumentException e) {
      throw usage.error(e);
    }
    int exitCode = result.verdict().exitCode(judge.assertMatch);
    Detail detail = log.verbose ? Detail.EVERY_POINT : Detail.BRIEF;
    report.write(terminal, usage, result, exitCode, detail);
    return exitCode;
  }

  @Override
  public void report(ErrorReport error) {
    report.writeError(new Usage(spec), error);
  }
}
