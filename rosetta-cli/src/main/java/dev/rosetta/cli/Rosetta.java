package dev.rosetta.cli;

import dev.rosetta.model.ModelException;
import dev.rosetta.report.ErrorReport;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** The entry of the command line. */
@Command(
    name = "rosetta",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisHeading = "",
    customSynopsis = {
      "Usage: rosetta A B [options]          compare two models",
      "       rosetta COMMAND [arguments]    see the commands below",
    },
    header = {
      "Compares two language-model files (APR, GGUF, SafeTensors) operation by",
      "operation: runs both on the same tokens, finds the first operation where they",
      "part and says why.",
      "",
    },
    commandListHeading = "%nCommands ('rosetta help COMMAND' tells more):%n",
    optionListHeading = "%nOptions of rosetta itself:%n",
    footerHeading = "%nExamples:%n",
    footer = {
      "  rosetta demo                                  see a planted fault found",
      "  rosetta model.apr model.gguf                  is it the same model?",
      "  rosetta model.apr model.gguf --prompt \"2+2=\"  on a prompt of your own",
      "  rosetta a.gguf hf-folder/ --assert-match      a gate in CI",
      "  rosetta a.apr b.gguf --format json -o r.json  for a program",
      "  rosetta inspect model.apr                     what does the file say?",
      "  rosetta explain QK_PERMUTED                   what does the diagnosis mean?",
      "",
      "Verdicts:",
      "  MATCH         every required capture point was compared, none exceeds its",
      "                tolerance, and no check found a fault",
      "  DIVERGED      a capture point, weight, config field, token id or the",
      "                structure is at fault",
      "  INCONCLUSIVE  nothing is at fault, but something required was not compared",
      "",
      "Exit codes:",
      "  0    MATCH; or any finished comparison without --assert-match",
      "  1    DIVERGED, with --assert-match",
      "  2    usage error",
      "  3    an input cannot be read",
      "  4    INCONCLUSIVE, with --assert-match",
      "  5    internal error, or the report could not be written",
      "  130  interrupted, as by Ctrl-C",
      "",
      "The report goes to standard output; the log goes to standard error.",
    })
public final class Rosetta implements Runnable {
  private static final String COMPARE = "compare";
  private static final String HELP = "help";

  private final Terminal terminal;

  @CommandLine.Spec CommandSpec spec;

  private Rosetta(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Runs the command line and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(new Rosetta(Terminal.ofProcess()).run(args));
  }

  /**
   * Runs the command line within this process.
   *
   * @param out takes what would go to standard output, as UTF-8
   * @param err takes what would go to standard error, as UTF-8
   * @return the exit code
   */
  public static int execute(String[] args, OutputStream out, OutputStream err) {
    return new Rosetta(Terminal.of(out, err)).run(args);
  }

  /** {@code rosetta} alone. */
  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "name two models to compare, or a command; see 'rosetta --help'");
  }

  private int run(String[] args) {
    StringWriter help = new StringWriter();
    AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
    CommandLine commandLine;
    try {
      commandLine = commands(args);
    } catch (ParameterException e) {
      return report(new Failure(e, null), Arrays.asList(args));
    }
    commandLine
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(new PrintWriter(help))
        .setErr(new PrintWriter(help))
        .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
        .setParameterExceptionHandler(
            (e, given) -> {
              failure.set(new Failure(unknownBeforeMissing(e), null));
              return ErrorReport.USAGE;
            })
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              failure.set(new Failure(e, result));
              return ErrorReport.INTERNAL;
            });
    try {
      int exitCode = commandLine.execute(withCommand(commandLine, args));
      Failure failed = failure.get();
      if (failed != null) {
        return report(failed, Arrays.asList(args));
      }
      if (!help.toString().isEmpty()) {
        terminal.print(help.toString());
      }
      return exitCode;
    } catch (OutputFailure e) {
      if (!e.isClosedPipe()) {
        terminal.log("rosetta: error: " + e.getMessage());
      }
      return ErrorReport.INTERNAL;
    } catch (OutOfMemoryError | StackOverflowError e) {
      terminal.log(ErrorReport.internal(e).line());
      return ErrorReport.INTERNAL;
    }
  }

  /**
   * The commands that {@code args} may need: the one that they name, or {@code compare} where they
   * name none, or all for who asks what there is. To read a command's annotations takes longer than
   * to run many a command.
   */
  private CommandLine commands(String[] args) {
    CommandLine commandLine = new CommandLine(this);
    Map<String, Supplier<Callable<Integer>>> commands = byName();
    if (args.length > 0 && commands.containsKey(args[0])) {
      commands.keySet().retainAll(Set.of(args[0]));
    } else if (isForCompare(args, commandLine.getCommandSpec())) {
      Misspelling.of(args[0], commands.keySet()).ifPresent(meant -> refuse(args[0], meant));
      commands.keySet().retainAll(Set.of(COMPARE));
    }
    commands.forEach((name, command) -> commandLine.addSubcommand(name, command.get()));
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.getCommandSpec().mixinStandardHelpOptions(true);
    }
    return commandLine.addSubcommand(HELP, new HelpCommand());
  }

  /** An option that does not exist is more to the point than what is missing beside it. */
  private static ParameterException unknownBeforeMissing(ParameterException e) {
    List<String> unknown = e.getCommandLine().getUnmatchedArguments();
    return e instanceof MissingParameterException && !unknown.isEmpty()
        ? new UnmatchedArgumentException(e.getCommandLine(), unknown)
        : e;
  }

  private void refuse(String word, String meant) {
    throw new ParameterException(
        new CommandLine(this),
        "there is no command and no file '" + word + "'; did you mean '" + meant + "'?");
  }

  /** In the order in which help lists them. */
  private Map<String, Supplier<Callable<Integer>>> byName() {
    Comparators comparators = new Comparators();
    Map<String, Supplier<Callable<Integer>>> commands = new LinkedHashMap<>();
    commands.put(COMPARE, () -> new CompareCommand(terminal, comparators));
    commands.put("diff", () -> new DiffCommand(terminal, comparators));
    commands.put("trace", () -> new TraceCommand(terminal, comparators));
    commands.put("inspect", () -> new InspectCommand(terminal, comparators));
    commands.put("tokenize", () -> new TokenizeCommand(terminal, comparators));
    commands.put("explain", () -> new ExplainCommand(terminal));
    commands.put("convert", () -> new ConvertCommand(terminal, comparators));
    commands.put("synth", () -> new SynthCommand(terminal));
    commands.put("demo", () -> new DemoCommand(terminal, comparators));
    commands.put("doctor", () -> new DoctorCommand(terminal, comparators));
    return commands;
  }

  /** Whether arguments that name no command other than {@code help} are those of compare. */
  private static boolean isForCompare(String[] args, CommandSpec rosetta) {
    return args.length > 0 && !args[0].equals(HELP) && rosetta.findOption(args[0]) == null;
  }

  /** Puts {@code compare} in front of arguments that name no command. */
  private static String[] withCommand(CommandLine commandLine, String[] args) {
    if (commandLine.getSubcommands().containsKey(args.length == 0 ? HELP : args[0])
        || !isForCompare(args, commandLine.getCommandSpec())) {
      return args;
    }
    String[] compare = new String[args.length + 1];
    compare[0] = COMPARE;
    System.arraycopy(args, 0, compare, 1, args.length);
    return compare;
  }

  /**
   * Why a command did not finish.
   *
   * @param result the parsed command line, or null where it could not be parsed
   */
  private record Failure(Exception cause, @Nullable ParseResult result) {

    ErrorReport error() {
      return switch (cause) {
        case ParameterException usage -> {
          String command = usage.getCommandLine().getCommandSpec().qualifiedName();
          String message = String.valueOf(usage.getMessage()).replaceFirst("\\.$", "");
          yield ErrorReport.usage(message + "; see '" + command + " --help'");
        }
        case ModelException model -> ErrorReport.of(model);
        default -> ErrorReport.internal(cause);
      };
    }
  }

  private int report(Failure failure, List<String> args) {
    if (failure.cause instanceof OutputFailure output) {
      throw output;
    }
    ErrorReport error = failure.error();
    if (error.exitCode() == ErrorReport.INTERNAL
        && (args.contains("-v") || args.contains("--verbose"))) {
      StringWriter trace = new StringWriter();
      failure.cause.printStackTrace(new PrintWriter(trace));
      terminal.logRaw(trace.toString());
    }
    if (isJsonAskedFor(args)) {
      terminal.print(error.json());
    } else {
      terminal.log(error.line());
    }
    replaceReports(failure, error);
    return error.exitCode();
  }

  private void replaceReports(Failure failure, ErrorReport error) {
    ParseResult result = failure.result;
    if (error.exitCode() != ErrorReport.USAGE
        && result != null
        && result.hasSubcommand()
        && result.subcommand().commandSpec().userObject() instanceof ReportingCommand command) {
      try {
        command.report(error);
      } catch (ModelException e) {
        terminal.log(ErrorReport.of(e).line());
      }
    }
  }

  /** Whether the arguments ask for JSON, parsed or not: an error must come in the same form. */
  private static boolean isJsonAskedFor(List<String> args) {
    int format = args.indexOf("--format");
    return args.stream().anyMatch(arg -> arg.equalsIgnoreCase("--format=json"))
        || format >= 0 && format + 1 < args.size() && args.get(format + 1).equalsIgnoreCase("json");
  }
}
