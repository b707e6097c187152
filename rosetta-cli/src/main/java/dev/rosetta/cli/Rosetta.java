package dev.rosetta.cli;

import dev.rosetta.model.ModelException;
import dev.rosetta.report.ErrorReport;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

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
      "  0  MATCH; or any finished comparison without --assert-match",
      "  1  DIVERGED, with --assert-match",
      "  2  usage error",
      "  3  an input cannot be read",
      "  4  INCONCLUSIVE, with --assert-match",
      "  5  internal error, or the report could not be written",
      "",
      "The report goes to standard output; the log goes to standard error.",
    })
public final class Rosetta implements Runnable {
  private static final String COMPARE = "compare";

  private final Terminal terminal;

  @CommandLine.Spec CommandLine.Model.CommandSpec spec;

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
    CommandLine commandLine =
        commands()
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setOut(new PrintWriter(help))
            .setErr(new PrintWriter(help))
            .setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
            .setParameterExceptionHandler(
                (e, given) -> {
                  failure.set(new Failure(e, null));
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

  private CommandLine commands() {
    Comparators comparators = new Comparators();
    CommandLine commandLine =
        new CommandLine(this)
            .addSubcommand(new CompareCommand(terminal, comparators))
            .addSubcommand(new DiffCommand(terminal, comparators))
            .addSubcommand(new TraceCommand(terminal, comparators))
            .addSubcommand(new InspectCommand(terminal, comparators))
            .addSubcommand(new TokenizeCommand(terminal, comparators))
            .addSubcommand(new ExplainCommand(terminal))
            .addSubcommand(new ConvertCommand(terminal, comparators))
            .addSubcommand(new SynthCommand(terminal))
            .addSubcommand(new DemoCommand(terminal, comparators))
            .addSubcommand(new DoctorCommand(terminal, comparators));
    for (CommandLine command : commandLine.getSubcommands().values()) {
      command.getCommandSpec().mixinStandardHelpOptions(true);
    }
    return commandLine.addSubcommand(new HelpCommand());
  }

  /** Puts {@code compare} in front of arguments that name no command. */
  private static String[] withCommand(CommandLine commandLine, String[] args) {
    if (args.length == 0
        || commandLine.getSubcommands().containsKey(args[0])
        || commandLine.getCommandSpec().findOption(args[0]) != null) {
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
