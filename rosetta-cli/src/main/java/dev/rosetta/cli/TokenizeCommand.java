package dev.rosetta.cli;

import dev.rosetta.ComparisonRequest.Bos;
import dev.rosetta.Tokenization;
import dev.rosetta.report.TokenizationReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Turns a text into token ids as a model's own tokenizer does. */
@Command(
    name = "tokenize",
    description = "Shows the token ids and pieces that a model's own tokenizer makes of a text.")
final class TokenizeCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Comparators comparators;

  @Parameters(index = "0", paramLabel = "MODEL", description = "The model with the tokenizer.")
  Path model;

  @Spec CommandSpec spec;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "The text.")
  @Nullable String text;

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description =
          "In place of TEXT: a UTF-8 file; each of its lines is a text. Prints one JSON"
              + " array of ids for each.")
  @Nullable Path file;

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
    Usage usage = new Usage(spec);
    String given = text;
    Path lines = file;
    if (given == null && lines != null) {
      return tokenizeLines(lines, usage);
    }
    if (given == null || lines != null) {
      throw usage.error("give a TEXT or --file FILE, one of them");
    }
    Tokenization tokens = comparators.get().tokenize(model, given, bos);
    terminal.print(
        format == Format.JSON ? TokenizationReport.json(tokens) : TokenizationReport.text(tokens));
    return 0;
  }

  private int tokenizeLines(Path lines, Usage usage) {
    StringBuilder rows = new StringBuilder();
    for (Tokenization tokens : comparators.get().tokenize(model, lines(lines, usage), bos)) {
      rows.append(tokens.ids()).append('\n');
    }
    terminal.print(rows.toString());
    return 0;
  }

  private static List<String> lines(Path file, Usage usage) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw usage.error("--file " + file + " is no UTF-8 file that can be read: " + e);
    }
  }
}
