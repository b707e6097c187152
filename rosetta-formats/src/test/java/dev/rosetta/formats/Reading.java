package dev.rosetta.formats;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.RosettaComparator;
import dev.rosetta.formats.convert.Conversion;
import dev.rosetta.formats.convert.FileFormat;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.normalize.Weight;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.spi.KernelBackends;
import dev.rosetta.spi.ModelFormats;
import dev.rosetta.spi.TraceFormat;
import dev.rosetta.tokenizer.BosPolicy;
import dev.rosetta.tokenizer.SpecialTokens;
import dev.rosetta.tokenizer.Tokenizer;
import dev.rosetta.trace.Trace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Reads whatever a path holds as far as it can be read, and holds it to what every reader promises
 * of every input: it ends in a model or in a {@link ModelException} whose message is fit to print.
 */
public final class Reading {
  /** What became of an input. */
  public enum Outcome {
    /** Everything that it lists was read. */
    READ,
    /** It was opened, and some of it is marked as damaged or could not be used. */
    FAULTY,
    /** It was not opened. */
    REFUSED
  }

  /** The longest file that a fuzzer makes; long ones are slow, and short ones reach as much. */
  public static final int MAX_FUZZED_BYTES = 1 << 14;

  private static final ModelFormats FORMATS = ModelFormats.load();
  private static final ElementCodecs CODECS = ElementCodecs.load();
  private static final RosettaComparator COMPARATOR =
      new RosettaComparator(FORMATS, CODECS, KernelBackends.load());
  private static final int TILE_BYTES = 1 << 16;
  private static final int MAX_MESSAGE_LENGTH = 4096;
  private static final String TEXT =
      "a ab  1234\t\r\n\u00e9 \u4e16\u754c \ud83d\ude00 <s></s><0x41>";

  private Reading() {}

  /** Opens a model and reads every key, every tensor, its tokenizer and its weights. */
  public static Outcome model(Path path) {
    Outcome outcome = Outcome.READ;
    try (ModelSource source = FORMATS.open(path)) {
      Set<String> damaged = new HashSet<>();
      for (SourceNote note : source.notes()) {
        assertPrintable(note.message());
        if (note.severity() == Severity.ERROR) {
          outcome = Outcome.FAULTY;
          damaged.add(String.valueOf(note.tensor()));
        }
      }
      for (String key : source.metadata().keys()) {
        outcome = worse(outcome, attempt(() -> source.metadata().value(key)));
      }
      for (TensorInfo tensor : source.tensors()) {
        boolean read = attempt(() -> readAll(source, tensor));
        assertTrue(
            read || damaged.contains(tensor.name()), "damage without a note: " + tensor.name());
      }
      outcome = worse(outcome, attempt(() -> source.vocabulary().ifPresent(v -> use(v, path))));
      attempt(() -> readWeights(source));
      COMPARATOR.inspect(path);
      attempt(() -> convert(path, FileFormat.values()[source.tensors().size() % 3]));
    } catch (ModelException e) {
      assertPrintable(e.getMessage());
      outcome = Outcome.REFUSED;
    }
    return outcome;
  }

  /** Opens a recorded trace. */
  public static Outcome trace(Path path) {
    try {
      Optional<TraceFormat> format = FORMATS.trace(path);
      if (format.isEmpty()) {
        return Outcome.REFUSED;
      }
      Trace trace = format.get().open(path);
      trace
          .points()
          .forEach(
              (point, values) ->
                  assertTrue(
                      values.values().length == values.tokens() * values.width(),
                      () -> point + " has " + values.values().length + " values"));
      return Outcome.READ;
    } catch (ModelException e) {
      assertPrintable(e.getMessage());
      return Outcome.REFUSED;
    }
  }

  /** Encodes a text that has a bit of everything, and decodes what came out. */
  public static void use(Vocabulary vocabulary, Path path) {
    Tokenizer tokenizer = Tokenizer.of(vocabulary, path);
    for (SpecialTokens special : SpecialTokens.values()) {
      int[] ids = tokenizer.encode(TEXT, special, BosPolicy.AUTO);
      for (int id : ids) {
        assertTrue(id >= 0 && id < tokenizer.size(), () -> "id " + id);
        tokenizer.piece(id);
      }
      tokenizer.decode(ids);
    }
  }

  /** Writes a file for one of the methods above. */
  public static Path write(Path path, byte[] bytes) {
    try {
      return Files.write(path, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void readAll(ModelSource source, TensorInfo tensor) {
    MemorySegment tile = MemorySegment.ofArray(new byte[TILE_BYTES]);
    for (long at = 0; at < tensor.byteSize(); at += TILE_BYTES) {
      source.read(tensor, at, tile, Math.min(TILE_BYTES, tensor.byteSize() - at));
    }
    source.read(tensor, tensor.byteSize(), tile, 0);
  }

  private static void readWeights(ModelSource source) {
    Model model = Normalizer.normalize(source, CODECS);
    for (Weight weight : model.weights().values()) {
      if (weight.isReadable() && weight.rows() > 0) {
        float[] row = new float[weight.columns()];
        weight.decodeRow(0, row, 0);
        weight.decodeRow(weight.rows() - 1, row, 0);
      }
    }
  }

  private static void convert(Path path, FileFormat format) {
    Path output = path.resolveSibling("converted." + format.name().toLowerCase(Locale.ROOT));
    Conversion.convert(path, output, format, null).forEach(Reading::assertPrintable);
  }

  private static boolean attempt(Runnable action) {
    try {
      action.run();
      return true;
    } catch (ModelException e) {
      assertPrintable(e.getMessage());
      return false;
    }
  }

  private static Outcome worse(Outcome outcome, boolean ok) {
    return ok ? outcome : Outcome.FAULTY;
  }

  /** Holds a message to what a terminal and a line of a log can take. */
  public static void assertPrintable(String message) {
    assertTrue(
        message != null
            && message.length() <= MAX_MESSAGE_LENGTH
            && message.chars().noneMatch(Character::isISOControl),
        () -> "not fit to print: " + message);
  }
}
