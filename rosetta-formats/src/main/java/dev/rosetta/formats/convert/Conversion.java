package dev.rosetta.formats.convert;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.spi.ModelFormats;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a stored model in another format. */
public final class Conversion {
  private Conversion() {}

  /**
   * Converts a GGUF, APR or SafeTensors model. Rows are copied byte for byte where the target has
   * their element type, and decoded to F32 where it has not.
   *
   * @param mix element types of the new file, or null to keep those of the old one
   * @return what could not be carried over, one sentence each
   * @throws ModelException if the input cannot be read, is not supported, changes meanwhile, or
   *     holds what the output cannot, or the output cannot be written; then there is no output, or
   *     the one that was there
   */
  public static List<String> convert(
      Path input, Path output, FileFormat format, @Nullable ElementMix mix) {
    try (ModelSource source = ModelFormats.load().open(input)) {
      return convert(source, output, format, mix);
    }
  }

  /** As {@link #convert(Path, Path, FileFormat, ElementMix)}; {@code source} stays open. */
  static List<String> convert(
      ModelSource source, Path output, FileFormat format, @Nullable ElementMix mix) {
    try {
      ModelReader.Result read = ModelReader.read(source);
      ModelContent content = mix == null ? read.content() : mixed(read.content(), mix);
      List<String> notes = new ArrayList<>(read.notes());
      notes.addAll(ModelFiles.write(output, format, content, source::requireUnchanged));
      return notes;
    } catch (IllegalArgumentException e) {
      throw new ModelException(
          ErrorCode.MALFORMED,
          source.path(),
          -1,
          "cannot be converted to " + format + ": " + e.getMessage(),
          e);
    }
  }

  private static ModelContent mixed(ModelContent content, ElementMix mix) {
    ModelFacts facts = content.facts();
    Recoding recoding = new Recoding();
    List<RoleTensor> tensors = new ArrayList<>();
    for (RoleTensor tensor : content.tensors()) {
      tensors.add(
          tensor.role().part() == Part.ROPE_FREQS
              ? tensor
              : recoding.recode(
                  tensor, mix.of(tensor.role(), tensor.columns(), facts.layers(), facts.tied())));
    }
    return new ModelContent(facts, content.vocabulary(), mix, tensors, content.others());
  }
}
