package dev.rosetta.cli;

import dev.rosetta.BackendStatus;
import dev.rosetta.RosettaComparator;
import dev.rosetta.report.ErrorReport;
import dev.rosetta.spi.KernelBackends;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Says what Rosetta runs on here, and tests itself. */
@Command(
    name = "doctor",
    description =
        "Shows machine, JDK, the back ends found and why one is not usable, checks that the JVM"
            + " compiles the Vector API kernels to vector instructions, and runs a self-test.")
final class DoctorCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Comparators comparators;

  @Option(
      names = {"-v", "--verbose"},
      description = "A stack trace on internal errors.")
  boolean verbose;

  DoctorCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    StringBuilder text = new StringBuilder();
    text.append(String.join("\n", new Version().getVersion())).append('\n');
    text.append(
        String.format(
            Locale.ROOT,
            "JDK: %s at %s%nMachine: %s %s, %d processors, heap up to %d MiB%n",
            System.getProperty("java.vm.name"),
            System.getProperty("java.home"),
            System.getProperty("os.name"),
            System.getProperty("os.arch"),
            Runtime.getRuntime().availableProcessors(),
            Runtime.getRuntime().maxMemory() >> 20));
    RosettaComparator comparator = comparators.get();
    text.append("Back ends:\n");
    for (BackendStatus backend : comparator.backends()) {
      text.append(
          String.format(
              Locale.ROOT,
              "  %-8s %s: %s%n",
              backend.name(),
              backend.chosen() ? "chosen" : backend.usable() ? "usable" : "not usable",
              backend.reason()));
    }
    terminal.print(text.toString());
    VectorReport vectors =
        VectorReport.of(KernelBackends.load(), Meter.ofProcess(), CompilerOptions.ofProcess());
    terminal.print("Vector API: " + vectors.text() + "\n");
    DemoComparison demo = DemoComparison.run(comparator);
    List<String> surprises = demo.surprises();
    if (!surprises.isEmpty()) {
      terminal.print("Self-test: FAILED, " + String.join("; ", surprises) + "\n");
      return ErrorReport.INTERNAL;
    }
    terminal.print(
        "Self-test: passed, a healthy pair is "
            + demo.healthy().verdict()
            + " and a planted fault is "
            + demo.planted().verdict()
            + "\n");
    return vectors.wrong() ? ErrorReport.INTERNAL : 0;
  }
}
