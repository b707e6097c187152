package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.ElementCodecs;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every sample of every family is read or refused with the right code. */
@Tag("shared")
class SamplesTests {
  private static final String REALIZAR =
      "DATA_UNALIGNED FOOTER_MISSING HEADER_UNCHECKED INDEX_UNSORTED";

  private static Path sample(String file) {
    return SharedData.path("apr-samples/" + file);
  }

  /** File, number of tensors, codes of its notes. */
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          aprender-shell-base.apr, 0, UNSUPPORTED_ARCHITECTURE
          att48-aco.apr, 0, UNSUPPORTED_ARCHITECTURE
          bashrs-oracle.apr, 0, UNSUPPORTED_ARCHITECTURE
          berlin52-aco.apr, 0, UNSUPPORTED_ARCHITECTURE
          eil51-aco.apr, 0, UNSUPPORTED_ARCHITECTURE
          mnist_784x2.apr, 0, UNSUPPORTED_ARCHITECTURE
          presentar-sentiment.apr, 4, UNSUPPORTED_ARCHITECTURE
          built/all-dtypes.apr, 19, ROWS_PADDED TYPE_CODE_LEGACY
          built/apr1-json.apr, 2, LEGACY_CONTAINER
          built/apr2-magic-v2.apr, 1, MAGIC_APR2
          built/derived/alias-clash.apr, 2, KEY_CONFLICT
          built/derived/apr1-wrapped-APR2-none.apr, 2, COMPRESSED LEGACY_CONTAINER
          built/derived/apr1-wrapped-zstd.apr, 2, COMPRESSED LEGACY_CONTAINER
          built/derived/zstd-payload.apr, 19, COMPRESSED FOOTER_NOT_VERIFIED ROWS_PADDED TYPE_CODE_LEGACY
          built/derived/gh438-codes.apr, 19, ROWS_PADDED
          built/derived/golden_v2.predicted.apr, 2, ''
          built/derived/golden_v2_current.predicted.apr, 2, ''
          built/derived/jan2026-q8_0-as-f32.apr, 1, TYPE_MISLABELLED
          built/derived/kquants-ggml-order.apr, 6, ROWS_PADDED
          built/derived/lz4-payload.apr, 19, COMPRESSED FOOTER_NOT_VERIFIED ROWS_PADDED TYPE_CODE_LEGACY
          built/derived/streaming-insertion-order.apr, 4, DATA_REORDERED KEY_ALIAS
          built/derived/w2-legacy-code8-q4k.apr, 4, FOOTER_MISSING KEY_ALIAS TYPE_CODE_LEGACY
          built/derived/w2-realizar-q4k-style.apr, 4, FOOTER_MISSING KEY_ALIAS
          built/derived/w3-unaligned-unsorted.apr, 4, DATA_UNALIGNED FOOTER_MISSING HEADER_UNCHECKED INDEX_UNSORTED KEY_ALIAS
          built/golden_v2_like.apr, 2, ''
          built/lz4-flag-only.apr, 1, COMPRESSION_FLAG_ONLY
          built/model-00001-of-00002.apr, 2, SHARDED
          built/model-00002-of-00002.apr, 2, SHARDED
          built/shard-manifest.json, 2, SHARDED
          built/pygmy-f16.apr, 7, ''
          built/pygmy-f32-llama.apr, 12, ''
          built/pygmy-f32.apr, 12, ''
          built/pygmy-gguf-names.apr, 11, ''
          built/pygmy-hf-tied.apr, 11, ''
          built/pygmy-q4.apr, 7, TYPE_CODE_LEGACY
          built/pygmy-q4k.apr, 8, ''
          built/pygmy-q6k.apr, 8, ''
          built/pygmy-q8.apr, 7, TYPE_CODE_LEGACY
          built/realizar-pygmy-embed-tied.apr, 11, REALIZAR
          built/realizar-pygmy-gguf-names.apr, 11, REALIZAR
          built/realizar-pygmy.apr, 12, REALIZAR
          built/whisper-f32.apr, 3, UNSUPPORTED_ARCHITECTURE
          built/whisper-int8.apr, 2, UNSUPPORTED_ARCHITECTURE
          """)
  void isListedWithTheseNotes(String file, int tensors, String codes) {
    try (ModelSource source = new AprFormat().open(sample(file))) {
      Set<String> actual = new TreeSet<>();
      source.notes().forEach(note -> actual.add(note.code()));
      assertEquals(codes.equals("REALIZAR") ? REALIZAR : codes, String.join(" ", actual));
      assertEquals(tensors, source.tensors().size());
    }
  }

  @Test
  void aChangedByteOfASpeechModelIsNoticed(@TempDir Path folder) throws IOException {
    byte[] bytes = Files.readAllBytes(sample("built/whisper-f32.apr"));
    bytes[bytes.length - 5] ^= 1;
    Path changed = Files.write(folder.resolve("changed.apr"), bytes);
    try (ModelSource source = new AprFormat().open(changed)) {
      assertEquals("CHECKSUM_MISMATCH", source.notes().getFirst().code());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "built/derived/aprt-final_norm.bin, UNSUPPORTED_ARCHITECTURE",
    "built/derived/aprt-layer0-attn_norm.bin, UNSUPPORTED_ARCHITECTURE",
  })
  void isRefusedWithThisCode(String file, ErrorCode code) {
    Path path = sample(file);
    assertEquals(
        code, assertThrows(ModelException.class, () -> new AprFormat().open(path).close()).code());
  }

  @Test
  void theTablesLeaveNoSampleOut() throws IOException {
    try (Stream<Path> files = Files.walk(SharedData.path("apr-samples"))) {
      assertEquals(
          45, files.filter(file -> file.toString().matches(".*\\.(apr|json|bin)")).count());
    }
  }

  /**
   * {@code *.upstream-dequant.f32} is what aprender itself decodes; its K-quants are in pair order,
   * and so did the aprender of those days read them. It took the small scale of its Q6_K for zero.
   */
  @ParameterizedTest
  @CsvSource({"t.aprq4", "t.aprq4_partial", "t.aprq8", "t.f16", "t.q4k_flat"})
  void decodesToWhatAprenderDecodes(String tensor) throws IOException {
    byte[] expected =
        Files.readAllBytes(sample("built/all-dtypes." + tensor + ".upstream-dequant.f32"));
    for (String file :
        new String[] {
          "built/all-dtypes.apr", "built/derived/gh438-codes.apr",
          "built/derived/lz4-payload.apr", "built/derived/zstd-payload.apr"
        }) {
      assertArrayEquals(expected, decoded(sample(file), tensor, PairOrder.TYPES), file);
    }
  }

  /** The same weights, quantised and packed in ggml's order by another program. */
  @ParameterizedTest
  @CsvSource({"t.q4k_flat", "t.q6k_flat"})
  void onlyPairOrderGivesTheWeightsThatWereMeant(String tensor) {
    byte[] ggml = decoded(sample("built/derived/kquants-ggml-order.apr"), tensor, Set.of());
    Path file = sample("built/all-dtypes.apr");
    assertTrue(relativeError(ggml, decoded(file, tensor, PairOrder.TYPES)) < 1e-3);
    assertTrue(relativeError(ggml, decoded(file, tensor, Set.of())) > 0.1);
  }

  /** Sum of squared differences over sum of squares. */
  private static double relativeError(byte[] expected, byte[] actual) {
    FloatBuffer left = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    FloatBuffer right = ByteBuffer.wrap(actual).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    double error = 0;
    double total = 0;
    while (left.hasRemaining()) {
      double value = left.get();
      error += Math.pow(value - right.get(), 2);
      total += value * value;
    }
    return error / total;
  }

  private static byte[] decoded(Path path, String name, Set<ElementType> pairs) {
    try (ModelSource source = new AprFormat(Map.of(path, pairs)).open(path)) {
      TensorInfo tensor =
          source.tensors().stream()
              .collect(Collectors.toMap(TensorInfo::name, info -> info))
              .get(name);
      int block = tensor.type().blockElements();
      int padded = Math.toIntExact(Math.ceilDiv(tensor.elements(), block) * block);
      byte[] blocks = new byte[(int) tensor.byteSize()];
      source.read(tensor, 0, MemorySegment.ofArray(blocks), blocks.length);
      float[] values = new float[padded];
      ElementCodecs.load().codec(tensor.type()).orElseThrow().decode(blocks, 0, values, 0, padded);
      ByteBuffer bytes =
          ByteBuffer.allocate(4 * (int) tensor.elements()).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < tensor.elements(); i++) {
        bytes.putFloat(values[i] * tensor.scale());
      }
      return bytes.array();
    }
  }
}
