package dev.rosetta.cli;

import dev.rosetta.formats.convert.ElementMix;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.formats.convert.ModelContent;
import dev.rosetta.formats.convert.ModelFiles;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.PlantedFault;
import dev.rosetta.formats.synth.SyntheticModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Makes a random model. */
@Command(
    name = "synth",
    description = {
      "Makes a model with random weights, of any shape and element types: the twin with which a"
          + " converter is tested in CI, without a download.",
      "",
      "Shape, --quant and --seed fix every value, whatever the format: the same model as GGUF and"
          + " as APR compares MATCH. Activations stay of order 1, as in a trained model."
          + " Super-blocks of Q4_K, Q5_K and Q6_K are drawn at random instead of being fitted to"
          + " values, so such a model is not the quantised form of the f32 model of the same seed."
          + " Element types that a format lacks are written as F32.",
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  rosetta synth --arch qwen2 -o tiny.gguf           a small model, at once",
      "  rosetta synth --like qwen3-0.6b --quant q8_0 -o twin.gguf",
      "                                                    in the shape of a real one",
      "  rosetta synth --arch llama --shape heads=14,kv=2,head_dim=18 -o odd.apr",
      "                                                    a shape of your own",
      "  rosetta synth --like adversarial-rows --quant q4_k_m -o hard.gguf",
      "                                                    rows that no K-quant fits",
      "  rosetta synth --arch qwen2 --plant transpose:layers.1.ffn_gate -o bad.apr",
      "  rosetta bad.apr tiny.gguf                         a fault to be found",
    })
final class SynthCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Spec CommandSpec spec;

  @Option(
      names = "--arch",
      paramLabel = "NAME",
      description = "llama, qwen2 or qwen3: a small shape of it, to be refined with --shape.")
  @Nullable String architecture;

  @Option(
      names = "--like",
      paramLabel = "PRESET",
      completionCandidates = Presets.class,
      description =
          "The shape of a published model, or one that converters trip over:"
              + " ${COMPLETION-CANDIDATES}.")
  @Nullable String like;

  @Option(
      names = "--shape",
      paramLabel = "SIZES",
      description =
          "Sizes to replace, as hidden=64,layers=2,heads=4,kv=2,head_dim=16,ffn=160,vocab=512; any"
              + " of them. head_dim is hidden/heads unless given.")
  @Nullable String sizes;

  @Option(
      names = "--tied",
      arity = "1",
      paramLabel = "true|false",
      description = "Whether the embedding is the output weight as well. Default: as the preset.")
  @Nullable Boolean tied;

  @Option(
      names = "--quant",
      paramLabel = "MIX",
      defaultValue = "f32",
      description =
          "Element types as llama.cpp mixes them: ${COMPLETION-CANDIDATES}. Rows that no block"
              + " fits fall back as there. Default: ${DEFAULT-VALUE}.")
  ElementMix mix = ElementMix.F32;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Another number, another model. Default: ${DEFAULT-VALUE}.")
  long seed;

  @Option(
      names = "--plant",
      paramLabel = "FAULT",
      description =
          "A converter's mistake: transpose:layers.14.ffn_gate, zero:layers.3.ffn_down,"
              + " interleave:layers.0.q, swap-gate-up:14. Repeatable.")
  List<String> faults = new ArrayList<>();

  @Option(
      names = "-o",
      required = true,
      paramLabel = "OUT",
      description = "The model to write: a file, or a directory for SafeTensors.")
  Path output;

  @Mixin OutputModel target;

  SynthCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  /** The names of the presets, for the help text. */
  static final class Presets implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return ModelShape.presetNames().iterator();
    }
  }

  @Override
  public Integer call() {
    Usage usage = new Usage(spec);
    FileFormat format = target.format(usage, output);
    target.check(usage, output, format);
    ModelContent model = model(usage);
    List<String> notes = ModelFiles.write(output, format, model);
    notes.forEach(note -> terminal.log("rosetta: " + note));
    terminal.log("rosetta: wrote " + output + ": " + model.facts().name());
    return 0;
  }

  private ModelContent model(Usage usage) {
    try {
      ModelContent model = SyntheticModel.of(shape(usage), mix, seed);
      for (String fault : faults) {
        model = PlantedFault.parse(fault).plantIn(model);
      }
      return model;
    } catch (IllegalArgumentException e) {
      throw usage.error(e);
    }
  }

  private ModelShape shape(Usage usage) {
    if ((architecture == null) == (like == null)) {
      throw usage.error("give --arch or --like, one of them");
    }
    ModelShape shape =
        like != null ? ModelShape.like(like) : ModelShape.tiny(String.valueOf(architecture));
    if (sizes != null) {
      shape = shape.with(sizes);
    }
    return tied == null ? shape : shape.withTied(tied);
  }
}
