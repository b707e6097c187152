package dev.rosetta.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;

/** The parsed command line of a command, for checks that picocli's annotations cannot express. */
record Usage(CommandSpec spec) {

  /** Whether the user gave the option, rather than its default being in force. */
  boolean isGiven(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }

  /** A usage error. */
  ParameterException error(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** A request that the comparator refuses. */
  ParameterException error(IllegalArgumentException refusal) {
    return new ParameterException(
        spec.commandLine(), String.valueOf(refusal.getMessage()), refusal);
  }

  /** Columns of the terminal, as picocli finds them. */
  int columns() {
    UsageMessageSpec message = CommandSpec.create().usageMessage();
    return message.autoWidth(true).width();
  }
}
