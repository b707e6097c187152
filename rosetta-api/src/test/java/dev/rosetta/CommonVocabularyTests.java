package dev.rosetta;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.compare.ConfigComparer;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.Metadata;
import dev.rosetta.model.MetadataDialect;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Normalizer;
import dev.rosetta.testing.MemorySource;
import dev.rosetta.testing.TinyDecoder;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Padding is told from tokens that one side lost. */
final class CommonVocabularyTests {
  private static final TinyDecoder LLAMA = TinyDecoder.of("llama", 3);
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  private static Model model(ModelSource source) {
    return Normalizer.normalize(source, MemorySource.codecs());
  }

  private static Model plain() {
    return model(LLAMA.source(MetadataDialect.HUGGING_FACE));
  }

  /** The model with {@code more} rows of {@code value} at the end of embedding and head. */
  private static MemorySource longer(int more, IntToDoubleFunction value) {
    MemorySource source = LLAMA.source(MetadataDialect.HUGGING_FACE);
    for (String name : List.of(EMBEDDING, HEAD)) {
      float[] values = LLAMA.tensors().get(name).values();
      float[] padded = Arrays.copyOf(values, values.length + more * TinyDecoder.HIDDEN);
      for (int i = values.length; i < padded.length; i++) {
        padded[i] = (float) value.applyAsDouble(i);
      }
      source.remove(name);
      source.add(
          name, List.of((long) TinyDecoder.VOCABULARY + more, (long) TinyDecoder.HIDDEN), padded);
    }
    return source.state("vocab_size", (long) TinyDecoder.VOCABULARY + more);
  }

  private static void assertPadded(Model a, Model b, Side side) {
    CommonVocabulary common = CommonVocabulary.of(a, b);
    Diagnosis note = common.note().orElseThrow();
    assertEquals(Severity.INFO, note.severity());
    assertEquals(side, note.side());
    assertEquals("vocab_size", note.subject());
    for (Model model : List.of(common.a(), common.b())) {
      assertEquals(TinyDecoder.VOCABULARY, model.config().vocabSize());
      for (Part part : List.of(Part.EMBEDDING, Part.OUTPUT)) {
        assertEquals(
            TinyDecoder.VOCABULARY, model.weight(TensorRole.weight(part)).orElseThrow().rows());
      }
    }
    assertTrue(
        ConfigComparer.compare(common.a(), common.b()).stream()
            .filter(c -> c.field() == ConfigField.VOCAB_SIZE)
            .allMatch(ConfigComparison::equal));
  }

  private static void assertLeftAlone(Model a, Model b) {
    CommonVocabulary common = CommonVocabulary.of(a, b);
    assertEquals(Optional.empty(), common.note());
    assertSame(a, common.a());
    assertSame(b, common.b());
  }

  @Test
  void rowsOfZerosThatFillUpToARoundSizeArePadding() {
    assertPadded(plain(), model(longer(24, i -> 0)), Side.B);
    assertPadded(model(longer(24, i -> i % 2 == 0 ? 0.0 : -0.0)), plain(), Side.A);
  }

  @Test
  void rowsThatAreAllAlikeArePadding() {
    assertPadded(plain(), model(longer(24, i -> i % TinyDecoder.HIDDEN)), Side.B);
  }

  @Test
  void rowsOfOtherValuesAreTokensUnlessAVocabularySaysOtherwise() {
    assertLeftAlone(plain(), model(longer(24, Math::sin)));
    Model b = model(new WithTokens(longer(24, Math::sin), TinyDecoder.VOCABULARY, 24));
    assertPadded(plain(), b, Side.B);
  }

  @Test
  void rowsOfTokensAreNeverCutEvenIfTheyAreZero() {
    Model lost = model(new WithTokens(LLAMA.source(MetadataDialect.HUGGING_FACE), 64, 0));
    assertLeftAlone(lost, model(longer(24, i -> 0)));
    assertLeftAlone(plain(), model(new WithTokens(longer(24, i -> 0), 41, 23)));
  }

  @Test
  void aSizeThatIsNotRoundIsNoPadding() {
    assertLeftAlone(plain(), model(longer(3, i -> 0)));
  }

  @Test
  void aSizeThatTheTensorsContradictIsLeftToItsDiagnosis() {
    MemorySource stated = LLAMA.source(MetadataDialect.HUGGING_FACE).state("vocab_size", 64L);
    assertLeftAlone(plain(), model(stated));
  }

  /** A source that has a vocabulary of {@code tokens} tokens and {@code padding} names behind. */
  private record WithTokens(ModelSource source, int tokens, int padding) implements ModelSource {

    @Override
    public Optional<Vocabulary> vocabulary() {
      List<String> names = new ArrayList<>();
      for (int i = 0; i < tokens + padding; i++) {
        names.add(i < tokens ? "token" + i : "[PAD" + i + "]");
      }
      return Optional.of(
          new Vocabulary(
              "gpt2",
              null,
              names,
              null,
              null,
              List.of(),
              OptionalInt.empty(),
              OptionalInt.empty(),
              OptionalInt.empty(),
              OptionalInt.empty(),
              OptionalInt.empty(),
              null,
              null,
              null,
              null));
    }

    @Override
    public Path path() {
      return source.path();
    }

    @Override
    public String format() {
      return source.format();
    }

    @Override
    public List<Path> files() {
      return source.files();
    }

    @Override
    public DimensionOrder dimensionOrder() {
      return source.dimensionOrder();
    }

    @Override
    public MetadataDialect dialect() {
      return source.dialect();
    }

    @Override
    public Metadata metadata() {
      return source.metadata();
    }

    @Override
    public List<TensorInfo> tensors() {
      return source.tensors();
    }

    @Override
    public List<SourceNote> notes() {
      return source.notes();
    }

    @Override
    public void read(TensorInfo tensor, long from, MemorySegment target, long length) {
      source.read(tensor, from, target, length);
    }

    @Override
    public void close() {
      source.close();
    }
  }
}
