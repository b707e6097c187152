package dev.rosetta.cli;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.formats.convert.Conversion;
import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.model.SafeText;
import dev.rosetta.report.TextReport;
import dev.rosetta.report.TextReport.Detail;
import java.io.IOException;
import java.nio.file.Files;
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

/** Writes a model in another format. */
@Command(
    name = "convert",
    description = {
      "Writes a GGUF, APR or SafeTensors model of the llama, qwen2 or qwen3 family in another of"
          + " these formats.",
      "",
      "Weights are copied byte for byte where the new format has their element type, and decoded to"
          + " F32 where it has not. Names, dims, the row order of Q and K, rotary style, tied heads"
          + " and the tokenizer become those of the new format. What could not be carried over is"
          + " told on standard error.",
      "",
      "The result appears when it is complete, all files of a folder together. A failure, Ctrl-C or"
          + " a change of IN meanwhile leaves what was there before.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rosetta convert model.gguf model.apr --verify     convert, then prove it",
      "  rosetta convert hf-folder model.gguf --quant q8_0",
      "  rosetta convert model.apr hf-folder               a Hugging Face directory",
      "",
      "With --verify the result is compared with the input; exit codes are those of",
      "'rosetta compare --assert-match': 0 MATCH, 1 DIVERGED, 4 INCONCLUSIVE.",
    })
final class ConvertCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Comparators comparators;

  @Spec CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IN", description = "The model to convert.")
  Path input;

  @Parameters(
      index = "1",
      paramLabel = "OUT",
      description = "The model to write: a file, or a directory for SafeTensors.")
  Path output;

  @Option(
      names = "--quant",
      paramLabel = "MIX",
      description =
          "Element types of the new file: ${COMPLETION-CANDIDATES}. Default: those of the old one.")
  @Nullable ElementMix mix;

  @Option(
      names = "--verify",
      description = "Compare the result with the input, and exit by the verdict.")
  boolean verify;

  @Mixin OutputModel target;
  @Mixin LogOptions log;

  ConvertCommand(Terminal terminal, Comparators comparators) {
    this.terminal = terminal;
    this.comparators = comparators;
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    log.check(usage);
    FileFormat format = target.format(usage, output);
    target.check(usage, output, format);
    refuseInput(usage, format);
    List<String> notes = Conversion.convert(input, output, format, mix);
    if (!log.quiet) {
      notes.forEach(note -> terminal.log("rosetta: " + SafeText.escape(note)));
      terminal.log("rosetta: wrote " + output);
    }
    return verify ? verdict(usage) : 0;
  }

  private int verdict(Usage usage) {
    ComparisonReport report;
    try (RunListener listener = new RunListener(terminal, log)) {
      report = comparators.get().compare(ComparisonRequest.of(output, input), listener);
    }
    Detail detail = log.verbose ? Detail.EVERY_POINT : Detail.BRIEF;
    TextReport text =
        new TextReport(detail, terminal.palette(ColorChoice.AUTO), terminal.width(usage::columns));
    terminal.print(text.render(report));
    return report.verdict().exitCode(true);
  }

  private void refuseInput(Usage usage, FileFormat format) {
    try {
      for (Path file : ModelFiles.files(output, format)) {
        boolean same =
            Files.exists(input)
                && Files.exists(file)
                && (Files.isSameFile(input, file)
                    || Files.isDirectory(input)
                        && file.toRealPath().startsWith(input.toRealPath()));
        if (same) {
          throw usage.error(file + " belongs to the input; choose another output");
        }
      }
    } catch (IOException e) {
      throw usage.error("cannot tell whether " + output + " is the input: " + e.getMessage());
    }
  }
}
