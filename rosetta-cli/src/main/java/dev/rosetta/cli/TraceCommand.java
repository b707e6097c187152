package dev.rosetta.cli;

import dev.rosetta.RosettaComparator;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one side and saves its activations. */
@Command(
    name = "trace",
    description =
        "Runs one side and saves every capture point under its name, float32, plus 'tokens',"
            + " int32.")
final class TraceCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model to run.")
  Path model;

  @Option(
      names = "-o",
      required = true,
      paramLabel = "OUT.safetensors",
      description = "The file to write.")
  Path output;

  @Mixin PromptOptions prompt;
  @Mixin KernelOptions kernels;
  @Mixin LogOptions log;

  TraceCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    prompt.check(usage);
    log.check(usage);
    @Nullable List<Integer> ids = prompt.ids(usage);
    ReportFiles.check(usage, List.of(output), List.of(model));
    RosettaComparator comparator = comparators.get();
    kernels.check(usage, comparator);
    String summary;
    try (RunListener listener = new RunListener(terminal, log);
        TraceFile file = new TraceFile(output)) {
      comparator.trace(
          model, prompt.prompt, ids, prompt.bos, kernels.name(), kernels.threads, file, listener);
      file.commit();
      summary = file.summary();
    } catch (IllegalArgumentException e) {
      throw usage.error(e);
    }
    if (!log.quiet) {
      terminal.log("rosetta: " + summary);
    }
    return 0;
  }
}
