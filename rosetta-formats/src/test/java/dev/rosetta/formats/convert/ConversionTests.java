package dev.rosetta.formats.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.TensorEntry;
import dev.rosetta.formats.apr.AprWriter;
import dev.rosetta.formats.gguf.GgufValue;
import dev.rosetta.formats.gguf.GgufWriter;
import dev.rosetta.formats.synth.ModelShape;
import dev.rosetta.formats.synth.SyntheticModel;
import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.spi.ModelFormats;
import dev.rosetta.testing.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConversionTests {
  private static final Recoding RECODING = new Recoding();

  @TempDir Path folder;

  private Path synth(String architecture, ElementMix mix, FileFormat format) {
    ModelShape shape = ModelShape.tiny(architecture).with("hidden=256,ffn=288,layers=2");
    Path file = folder.resolve("synth." + format.name().toLowerCase(Locale.ROOT));
    ModelFiles.write(file, format, SyntheticModel.of(shape, mix, 11));
    return file;
  }

  private static byte[] bytes(ModelSource source, TensorInfo tensor) {
    byte[] bytes = new byte[Math.toIntExact(tensor.byteSize())];
    source.read(tensor, 0, MemorySegment.ofArray(bytes), bytes.length);
    return bytes;
  }

  private static float[] values(ModelSource source, TensorInfo tensor) {
    byte[] bytes = bytes(source, tensor);
    ElementType type = tensor.type();
    return RECODING.decode(type, bytes, bytes.length / type.blockBytes() * type.blockElements());
  }

  /** Equal names, dims and values; equal types and bytes as well where {@code bytes} says so. */
  private static void assertSameTensors(Path a, Path b, boolean bytes) {
    try (ModelSource one = ModelFormats.load().open(a);
        ModelSource two = ModelFormats.load().open(b)) {
      Map<String, TensorInfo> others = new TreeMap<>();
      two.tensors().forEach(tensor -> others.put(tensor.name(), tensor));
      assertEquals(one.tensors().size(), others.size());
      for (TensorInfo tensor : one.tensors()) {
        TensorInfo other = others.get(tensor.name());
        assertTrue(other != null, tensor.name());
        assertEquals(tensor.dims(), other.dims(), tensor.name());
        if (bytes) {
          assertEquals(tensor.type(), other.type(), tensor.name());
          assertArrayEquals(bytes(one, tensor), bytes(two, other), tensor.name());
        } else {
          assertArrayEquals(values(one, tensor), values(two, other), tensor.name());
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "llama, F32",
    "llama, F16",
    "llama, Q4_K_M",
    "llama, Q6_K",
    "qwen2, BF16",
    "qwen2, Q4_K_M",
    "qwen2, F32",
    "qwen3, F16",
    "qwen3, Q4_K_M",
    "qwen3, BF16",
  })
  void ggufComesBackFromApr(String architecture, ElementMix mix) {
    // Rows of 288 fall back to types that APR lacks; those come back as F32 of the same value.
    Path gguf = synth(architecture, mix, FileFormat.GGUF);
    Path apr = folder.resolve("through.apr");
    Path back = folder.resolve("back.gguf");
    Conversion.convert(gguf, apr, FileFormat.APR, null);
    Conversion.convert(apr, back, FileFormat.GGUF, null);
    assertSameTensors(gguf, back, mix == ElementMix.F32 || mix == ElementMix.BF16);
    assertSameTensors(gguf, back, false);
    assertSameVocabulary(gguf, back);
  }

  @ParameterizedTest
  @CsvSource({"llama, F32", "llama, BF16", "qwen2, F16", "qwen3, BF16"})
  void safeTensorsComeBackFromGguf(String architecture, ElementMix mix) {
    Path directory = folder.resolve("in");
    ModelShape shape = ModelShape.tiny(architecture).withTied(true);
    ModelFiles.write(directory, FileFormat.SAFETENSORS, SyntheticModel.of(shape, mix, 3));
    Path gguf = folder.resolve("through.gguf");
    Path back = folder.resolve("out");
    Conversion.convert(directory, gguf, FileFormat.GGUF, null);
    Conversion.convert(gguf, back, FileFormat.SAFETENSORS, null);
    assertSameTensors(directory, back, true);
    assertSameVocabulary(directory, back);
  }

  private static void assertSameVocabulary(Path a, Path b) {
    try (ModelSource one = ModelFormats.load().open(a);
        ModelSource two = ModelFormats.load().open(b)) {
      Vocabulary first = one.vocabulary().orElseThrow();
      Vocabulary second = two.vocabulary().orElseThrow();
      assertEquals(first.tokens(), second.tokens());
      assertEquals(first.merges(), second.merges());
      assertArrayEquals(first.types(), second.types());
      assertEquals(first.eos(), second.eos());
      assertEquals(first.preTokenizer(), second.preTokenizer());
    }
  }

  @Test
  void rowsOfLlamaAreInterleavedInGgufAlone() {
    Path gguf = synth("llama", ElementMix.F32, FileFormat.GGUF);
    Path apr = folder.resolve("through.apr");
    Conversion.convert(gguf, apr, FileFormat.APR, null);
    try (ModelSource one = ModelFormats.load().open(gguf);
        ModelSource two = ModelFormats.load().open(apr)) {
      float[] stored = values(one, tensor(one, "blk.0.attn_k.weight"));
      float[] half = values(two, tensor(two, "model.layers.0.self_attn.k_proj.weight"));
      for (int row = 0; row < 128; row++) {
        int inHead = row % 64;
        int canonical = row - inHead + inHead / 2 + inHead % 2 * 32;
        for (int i = 0; i < 256; i++) {
          assertEquals(stored[row * 256 + i], half[canonical * 256 + i]);
        }
      }
    }
  }

  private static TensorInfo tensor(ModelSource source, String name) {
    return source.tensors().stream().filter(t -> t.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void tellsWhatItCannotCarryOver() {
    Path gguf = synth("qwen2", ElementMix.Q8_0, FileFormat.GGUF);
    List<String> told = Conversion.convert(gguf, folder.resolve("x.apr"), FileFormat.APR, null);
    assertTrue(
        told.stream().anyMatch(note -> note.contains("Q8_0") && note.contains("F32")),
        told::toString);
    Path apr = synth("qwen2", ElementMix.Q4_K_M, FileFormat.APR);
    List<String> notes = Conversion.convert(apr, folder.resolve("y.gguf"), FileFormat.GGUF, null);
    assertEquals(List.of(), notes);
  }

  @ParameterizedTest
  @EnumSource
  void convertingAgainGivesTheSameBytes(FileFormat format) throws IOException {
    Path gguf = synth("llama", ElementMix.Q4_K_M, FileFormat.GGUF);
    String suffix = format.name().toLowerCase(Locale.ROOT);
    Path first = Files.createDirectory(folder.resolve("first")).resolve("m." + suffix);
    Path second = Files.createDirectory(folder.resolve("second")).resolve("m." + suffix);
    Conversion.convert(gguf, first, format, null);
    Conversion.convert(gguf, second, format, null);
    for (Path file : ModelFiles.files(first, format)) {
      Path other = second.getParent().resolve(first.getParent().relativize(file));
      assertEquals(-1, Files.mismatch(file, other), file::toString);
    }
  }

  @Test
  void quantisesWhenAsked() {
    Path gguf = synth("llama", ElementMix.F32, FileFormat.GGUF);
    Path small = folder.resolve("small.gguf");
    Conversion.convert(gguf, small, FileFormat.GGUF, ElementMix.Q8_0);
    try (ModelSource source = ModelFormats.load().open(small)) {
      assertEquals(ElementType.Q8_0, tensor(source, "blk.0.ffn_up.weight").type());
      assertEquals(ElementType.F32, tensor(source, "blk.0.ffn_norm.weight").type());
    }
  }

  @Test
  void fusedWeightsAreTakenApart() {
    ModelShape shape = ModelShape.tiny("qwen2").with("layers=1");
    ModelContent model = SyntheticModel.of(shape, ElementMix.F32, 4);
    Path apart = folder.resolve("apart.apr");
    ModelFiles.write(apart, FileFormat.APR, model);
    Path fused = folder.resolve("fused.apr");
    try (ModelSource source = ModelFormats.load().open(apart)) {
      List<TensorEntry> tensors = new ArrayList<>();
      for (String suffix : List.of("weight", "bias")) {
        List<byte[]> parts = new ArrayList<>();
        List<Long> dims = List.of();
        long rows = 0;
        for (String part : List.of("q", "k", "v")) {
          TensorInfo t = tensor(source, "model.layers.0.self_attn." + part + "_proj." + suffix);
          parts.add(bytes(source, t));
          rows += t.dims().getFirst();
          dims = t.dims();
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        parts.forEach(all::writeBytes);
        tensors.add(
            TensorEntry.of(
                "model.layers.0.self_attn.qkv_proj." + suffix,
                ElementType.F32,
                dims.size() == 1 ? List.of(rows) : List.of(rows, dims.getLast()),
                all.toByteArray()));
      }
      for (TensorInfo t : source.tensors()) {
        if (!t.name().matches(".*self_attn\\.[qkv]_proj.*")) {
          tensors.add(TensorEntry.copyOf(t.name(), source, t, t.dims()));
        }
      }
      AprWriter.write(fused, AprMetadataOf.content(model), tensors);
    }
    Path one = folder.resolve("one.gguf");
    Path two = folder.resolve("two.gguf");
    Conversion.convert(apart, one, FileFormat.GGUF, null);
    Conversion.convert(fused, two, FileFormat.GGUF, null);
    assertSameTensors(one, two, true);
  }

  @Test
  void llama3ScalingSurvives() throws IOException {
    ModelShape shape = ModelShape.tiny("llama");
    ModelContent plain = SyntheticModel.of(shape, ElementMix.F32, 6);
    Map<String, Object> scaling = new LinkedHashMap<>();
    scaling.put("rope_type", "llama3");
    scaling.put("factor", 32.0);
    scaling.put("low_freq_factor", 1.0);
    scaling.put("high_freq_factor", 4.0);
    scaling.put("original_max_position_embeddings", 8192L);
    ModelContent model =
        new ModelContent(
            plain.facts().withRopeScaling(scaling),
            plain.vocabulary(),
            plain.mix(),
            plain.tensors(),
            plain.others());
    Path directory = folder.resolve("hf");
    ModelFiles.write(directory, FileFormat.SAFETENSORS, model);
    Path gguf = folder.resolve("m.gguf");
    Path back = folder.resolve("back");
    Conversion.convert(directory, gguf, FileFormat.GGUF, null);
    try (ModelSource source = ModelFormats.load().open(gguf)) {
      float[] divisors = values(source, tensor(source, "rope_freqs.weight"));
      assertEquals(32, divisors.length);
      assertEquals(1, divisors[0]);
      assertEquals(32, divisors[31]);
    }
    Conversion.convert(gguf, back, FileFormat.SAFETENSORS, null);
    assertSameTensors(directory, back, true);
    assertEquals(
        Files.readString(directory.resolve("config.json")),
        Files.readString(back.resolve("config.json")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "phi3"})
  void refusesOtherArchitectures(String architecture) {
    SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", GgufValue.string(architecture));
    Path gguf = folder.resolve("other.gguf");
    GgufWriter.write(
        gguf,
        metadata,
        List.of(TensorEntry.of("token_embd.weight", ElementType.F32, List.of(1L), new byte[4])));
    Path output = folder.resolve("x.apr");
    ModelException refusal =
        assertThrows(
            ModelException.class, () -> Conversion.convert(gguf, output, FileFormat.APR, null));
    assertTrue(String.valueOf(refusal.getMessage()).contains(architecture));
    assertFalse(Files.exists(output));
  }

  /** Its projections are transposed, which no name or size of a square one would tell. */
  @Test
  void trainingCheckpointsAreRefused() {
    ModelContent model = SyntheticModel.of(ModelShape.tiny("llama"), ElementMix.F32, 4);
    Map<String, Object> metadata = new LinkedHashMap<>(AprMetadataOf.content(model));
    metadata.put("format", "entrenar-checkpoint");
    Path apr = folder.resolve("checkpoint.apr");
    AprWriter.write(apr, metadata, List.of());
    ModelException refusal =
        assertThrows(
            ModelException.class,
            () -> Conversion.convert(apr, folder.resolve("x.gguf"), FileFormat.GGUF, null));
    assertEquals(ErrorCode.UNSUPPORTED_ARCHITECTURE, refusal.code());
    assertTrue(String.valueOf(refusal.getMessage()).contains("[in, out]"), refusal::getMessage);
  }

  @Test
  void warningsAboutTheInputArePassedOn() {
    Path apr = folder.resolve("doubtful.apr");
    try (ModelSource source =
        ModelFormats.load().open(synth("llama", ElementMix.Q4_K_M, FileFormat.APR))) {
      List<TensorEntry> tensors =
          source.tensors().stream()
              .map(t -> TensorEntry.copyOf(t.name(), source, t, t.dims()))
              .toList();
      Map<String, Object> metadata = new LinkedHashMap<>();
      for (String key : source.metadata().keys()) {
        metadata.put(key, source.metadata().value(key).orElseThrow());
      }
      metadata.put("created_at", "2026-02-01");
      AprWriter.write(apr, metadata, tensors);
    }
    List<String> notes = Conversion.convert(apr, folder.resolve("x.gguf"), FileFormat.GGUF, null);
    assertTrue(
        notes.stream().anyMatch(note -> note.startsWith("the input: ") && note.contains("pairs")),
        notes::toString);
  }

  static List<Path> goldenGguf() throws IOException {
    return golden(".gguf");
  }

  private static List<Path> golden(String suffix) throws IOException {
    Path golden = SharedData.locate().map(root -> root.resolve("golden")).orElse(null);
    if (golden == null || !Files.isDirectory(golden)) {
      return List.of();
    }
    try (var files = Files.walk(golden)) {
      return files
          .filter(file -> file.toString().endsWith(suffix))
          .filter(file -> !file.toString().matches(".*-0000[2-9]-of-.*"))
          .sorted()
          .toList();
    }
  }

  @Tag("shared")
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("goldenGguf")
  void goldenGgufComesBackFromApr(Path gguf) {
    Path apr = folder.resolve("through.apr");
    Path back = folder.resolve("back.gguf");
    Conversion.convert(gguf, apr, FileFormat.APR, null);
    Conversion.convert(apr, back, FileFormat.GGUF, null);
    assertSameTensors(gguf, back, false);
  }

  static List<Path> goldenSafeTensors() throws IOException {
    return golden(".safetensors").stream().map(Path::getParent).distinct().toList();
  }

  @Tag("shared")
  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("goldenSafeTensors")
  void goldenSafeTensorsComeBackFromGguf(Path directory) {
    Path gguf = folder.resolve("through.gguf");
    Path back = folder.resolve("back");
    Conversion.convert(directory, gguf, FileFormat.GGUF, null);
    Conversion.convert(gguf, back, FileFormat.SAFETENSORS, null);
    assertSameTensors(directory, back, true);
  }
}
