package dev.rosetta.formats.apr;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithLength;
import dev.rosetta.formats.Reading;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever files of the APR families hold, they are read or refused. */
class AprFuzzTests {
  private static final String METADATA =
      """
      {"architecture":"llama","hidden_size":4,"num_layers":1,"num_heads":2,"num_kv_heads":1,
       "intermediate_size":8,"vocab_size":2,"rope_theta":10000.0,"rms_norm_eps":1e-5,
       "rope_type":0,"original_format":"gguf","tokenizer.model":"gpt2",
       "tokenizer.vocabulary":["a","b"],"tokenizer.merges":["a b"],"tokenizer.bos_token_id":0,
       "sharding":null}\
      """;

  @TempDir static Path folder;

  private static V2File container(String metadata) {
    return new V2File()
        .metadata(metadata)
        .add("model.embed_tokens.weight", 0, V2File.dims(2, 4), new byte[32])
        .add("model.layers.0.mlp.up_proj.weight", 12, V2File.dims(2, 256), new byte[288])
        .add("t.q4", 128, V2File.dims(33), new byte[36])
        .add("t.q8", 129, V2File.dims(3), new byte[7]);
  }

  static Stream<Arguments> containers() {
    V2File old = container("{}");
    old.magic = "APR2";
    old.headerCrc = false;
    old.footer = false;
    old.padding = 32;
    return Stream.of(
        Arguments.of((Object) container(METADATA).bytes()), Arguments.of((Object) old.bytes()));
  }

  /** Checksums are made right: they guard against accidents, not attackers. */
  @MethodSource("containers")
  @FuzzTest
  void anyContainer(byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] bytes) {
    byte[] file = bytes.length < 68 ? bytes : V2File.resealed(bytes.clone());
    Reading.model(Reading.write(folder.resolve("any.apr"), file));
  }

  static Stream<Arguments> families() {
    return Stream.of(
            concat("APRN\1\0\1\0", ints(64, 0, 0, 0, 0, 0, 0, 0, 0)),
            concat("APR\0\1\0\0\0TSP\0", ints(0, 1, 2, 3, 4, 5, 6, 7)),
            concat(
                "APR\0\1\0\0\0\3\0\0\0mlp\1\0\0\0\5\0\0\0dense\1\0\0\0\1\0\0\0w", ints(0, 1, 1, 9)),
            concat("APR1\1\0\0\0\0\1\0\0", new byte[200]),
            apr1())
        .map(bytes -> Arguments.of((Object) bytes));
  }

  /** A JSON-indexed APR1 file. */
  private static byte[] apr1() {
    String index = "[{\"name\":\"a\",\"dtype\":\"F32\",\"shape\":[2],\"offset\":0,\"size\":8}]";
    byte[] head = concat("APR1", ints(2));
    byte[] body = concat("{}", ints(1, index.length()));
    return concat(concat(concat(head, body), index.getBytes(UTF_8)), new byte[12]);
  }

  /** Everything that is no V2 container. */
  @MethodSource("families")
  @FuzzTest
  void anyOtherFamily(byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] bytes) {
    Reading.model(Reading.write(folder.resolve("family.apr"), bytes));
  }

  static Stream<Arguments> payloads() throws IOException {
    byte[] zstd;
    try (InputStream in = AprFuzzTests.class.getResourceAsStream("zstd/text-19.zst")) {
      zstd = in.readAllBytes();
    }
    byte[] lz4 = concat("\20\0\0\0\20a\1\0\120abcde", new byte[0]);
    return Stream.of(
        Arguments.of(0x0004, zstd),
        Arguments.of(2, zstd),
        Arguments.of(1, lz4),
        Arguments.of(3, lz4));
  }

  /** Compressed content behind a V2 header and in the wrapper of an APR1 file. */
  @MethodSource("payloads")
  @FuzzTest
  void anyCompressed(
      int form, byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] payload) {
    byte[] file;
    boolean zstd = (form & 1) == 0;
    if ((form & 2) == 0) {
      V2File header = new V2File().metadata("{}");
      header.flags = zstd ? 0x0002 : 0x0001;
      header.footer = false;
      file = concat(Arrays.copyOf(header.bytes(), 64), payload);
    } else {
      byte[] inner = payload.length < 8 ? payload : Arrays.copyOf(payload, 4);
      file = concat("APR\0" + (char) (zstd ? 2 : 1), inner);
      file = concat(file, payload);
    }
    Reading.model(Reading.write(folder.resolve("compressed.apr"), file));
  }

  static Stream<Arguments> manifests() {
    String manifest =
        """
        {"shard_count":2,"shards":[{"index":0,"filename":"a.apr"},{"index":1,"filename":"b.apr"}],
         "weight_map":{"x":0,"y":1}}\
        """;
    return Stream.of(Arguments.of(manifest.getBytes(UTF_8), shard(0, "x"), shard(1, "y")));
  }

  private static byte[] shard(int index, String tensor) {
    V2File file =
        new V2File()
            .metadata(
                "{\"sharding\":{\"shard_count\":2,\"shard_index\":"
                    + index
                    + ",\"pattern\":\"s-{:05d}-of-{}.apr\"}}")
            .add(tensor, 0, V2File.dims(2), V2File.floats(1, 2));
    file.flags |= V2Header.SHARDED;
    return file.bytes();
  }

  @MethodSource("manifests")
  @FuzzTest
  void anyManifest(
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] manifest,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] a,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] b)
      throws IOException {
    Path directory = Files.createDirectories(folder.resolve("shards"));
    for (String name : List.of("a.apr", "s-00001-of-2.apr")) {
      Reading.write(directory.resolve(name), a);
    }
    for (String name : List.of("b.apr", "s-00002-of-2.apr")) {
      Reading.write(directory.resolve(name), b);
    }
    Reading.model(Reading.write(directory.resolve("manifest.json"), manifest));
    Reading.model(directory.resolve("s-00001-of-2.apr"));
  }

  static Stream<Arguments> dumps() {
    return Stream.of(
        Arguments.of(dump(-1, 8), dump(0, 8), dump(0, 16)),
        Arguments.of(dump(-1, 3), dump(1, 6), dump(1, 0)));
  }

  private static byte[] dump(int layer, int count) {
    return concat(concat("APRT", ints(layer, count)), new byte[4 * count]);
  }

  @MethodSource("dumps")
  @FuzzTest
  void anyDump(
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] norm,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] qkv,
      byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] gate)
      throws IOException {
    Path directory = folder.resolve("dump");
    Path layer = Files.createDirectories(directory.resolve("layer-0"));
    Reading.write(directory.resolve("final_norm.bin"), norm);
    Reading.write(directory.resolve("lm_head.bin"), qkv);
    Reading.write(layer.resolve("qkv_matmul.bin"), qkv);
    Reading.write(layer.resolve("attn_norm.bin"), norm);
    Reading.write(layer.resolve("ffn_gate.bin"), gate);
    Reading.trace(directory);
    Reading.trace(directory.resolve("final_norm.bin"));
  }

  private static byte[] ints(int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int value : values) {
      bytes.putInt(value);
    }
    return bytes.array();
  }

  private static byte[] concat(String a, byte[] b) {
    return concat(a.getBytes(ISO_8859_1), b);
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
