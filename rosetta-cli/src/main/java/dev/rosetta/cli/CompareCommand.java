package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.report.ErrorReport;
import dev.rosetta.report.TextReport.Detail;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two sides operation by operation. */
@Command(
    name = "compare",
    description = "Compares two models operation by operation; 'rosetta A B' is short for it.")
final class CompareCommand implements Callable<Integer>, ReportingCommand {
  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "A",
      description =
          "First side: a model file (.apr, .gguf, .safetensors), a Hugging Face directory, a first"
              + " shard, or a recorded trace.")
  Path a;

  @Parameters(index = "1", paramLabel = "B", description = "Second side.")
  Path b;

  @Mixin PromptOptions prompt;

  @Mixin JudgeOptions judge;
  @Mixin PairOrderOption pairOrder;
  @Mixin LoraOptions lora;

  @Option(
      names = "--filter",
      paramLabel = "REGEX",
      description = "Compare only capture points whose name contains a match: 'layers\\.0\\.'.")
  @Nullable String filter;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "0",
      description = "Continue greedily for N tokens on both sides. Default: ${DEFAULT-VALUE}.")
  int maxTokens;

  @Option(
      names = "--no-proof",
      description = "Do not prove diagnoses by repairing in memory and running again.")
  boolean noProof;

  @Option(
      names = "--same-weights",
      description =
          "Run both graphs on the weights of A as well: what parts then is the config, not noise of"
              + " element types. Runs by itself where the config differs or a difference stays"
              + " unexplained.")
  boolean sameWeights;

  @Mixin KernelOptions kernels;
  @Mixin ReportOptions report;
  @Mixin LogOptions log;

  CompareCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    prompt.check(usage);
    log.check(usage);
    judge.check(usage);
    if (maxTokens < 0) {
      throw usage.error("--max-tokens must not be negative, it is " + maxTokens);
    }
    Pattern points = pattern(usage);
    List<Integer> ids = prompt.ids(usage);
    report.check(usage, lora.inputs(a, b));
    RosettaComparator comparator = pairOrder.comparator(usage, comparators, a, b);
    kernels.check(usage, comparator);

    ComparisonRequest request =
        new ComparisonRequest(
            a,
            b,
            prompt.prompt,
            ids,
            judge.threshold,
            points,
            prompt.bos,
            maxTokens,
            true,
            !noProof,
            sameWeights,
            kernels.name(),
            kernels.threads,
            lora.a,
            lora.b);
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

  private @Nullable Pattern pattern(Usage usage) {
    if (filter == null) {
      return null;
    }
    if (filter.isEmpty()) {
      throw usage.error("--filter is empty; leave it out to compare every capture point");
    }
    try {
      return Pattern.compile(filter);
    } catch (PatternSyntaxException e) {
      throw usage.error("--filter " + filter + " is no regular expression: " + e.getDescription());
    }
  }

  @Override
  public void report(ErrorReport error) {
    report.writeError(new Usage(spec), error);
  }
}
