package dev.rosetta.cli;

import dev.rosetta.ComparisonRequest.Bos;
import dev.rosetta.Tokenization;
import dev.rosetta.report.TokenizationReport;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Turns a text into token ids as a model's own tokenizer does. */
@Command(
    name = "tokenize",
    description = "Shows the token ids and pieces that a model's own tokenizer makes of a text.")
final class TokenizeCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Comparators comparators;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model with the tokenizer.")
  Path model;

  @Parameters(index = "1", paramLabel = "TEXT", description = "The text.")
  String text;

  @Option(
      names = "--bos",
      paramLabel = "WHEN",
      defaultValue = "auto",
      description =
          "auto, on or off: whether it starts with the beginning-of-sequence token. Default:"
              + " ${DEFAULT-VALUE}.")
  Bos bos = Bos.AUTO;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  Format format = Format.TEXT;

  @Option(
      names = {"-v", "--verbose"},
      description = "A stack trace on internal errors.")
  boolean verbose;

  TokenizeCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Tokenization tokens = comparators.get().tokenize(model, text, bos);
    terminal.print(
        format == Format.JSON ? TokenizationReport.json(tokens) : TokenizationReport.text(tokens));
    return 0;
  }
}
