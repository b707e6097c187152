package dev.rosetta.formats.apr;

import static dev.rosetta.formats.apr.V2File.dims;
import static dev.rosetta.formats.apr.V2File.floats;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.ModelFormats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ShardsTests {
  private static final int SHARDED = 0x0410;
  private static final String LISTED =
      "[{\"filename\":\"x-00001-of-00002.apr\",\"index\":0},"
          + "{\"filename\":\"x-00002-of-00002.apr\",\"index\":1}]";

  @TempDir Path root;
  private Path folder;

  @BeforeEach
  void writeShards() throws IOException {
    folder = Files.createDirectory(root.resolve("model"));
    shard("x-00001-of-00002.apr", 0, "a");
    shard("x-00002-of-00002.apr", 1, "b");
  }

  private Path shard(String file, int index, String tensor) {
    return shard(
        file,
        SHARDED,
        "{\"sharding\":{\"shard_count\":2,\"shard_index\":" + index + ",\"pattern\":null}}",
        tensor);
  }

  private Path shard(String file, int flags, String metadata, String tensor) {
    V2File shard = new V2File().metadata(metadata).add(tensor, 0, dims(1), floats(1));
    shard.flags = flags;
    return shard.write(folder.resolve(file));
  }

  private Path manifest(String json) throws IOException {
    return Files.writeString(folder.resolve("manifest.json"), json);
  }

  private static List<String> codes(ModelSource source) {
    return source.notes().stream().map(SourceNote::code).toList();
  }

  private static ErrorCode refusal(Path path) {
    return assertThrows(ModelException.class, () -> new AprFormat().open(path).close()).code();
  }

  @Test
  void theModelIsFoundFromItsManifestAndFromAnyShard() throws IOException {
    Path manifest =
        manifest(
            "{\"version\":\"2.0\",\"shard_count\":2,\"shards\":"
                + LISTED
                + ",\"weight_map\":{\"a\":0,\"b\":1}}");
    for (Path path :
        List.of(
            manifest,
            folder.resolve("x-00001-of-00002.apr"),
            folder.resolve("x-00002-of-00002.apr"))) {
      try (ModelSource source = ModelFormats.load().open(path)) {
        assertEquals(List.of("a", "b"), source.tensors().stream().map(TensorInfo::name).toList());
        assertEquals(List.of("SHARDED"), codes(source));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "../secret.apr | MALFORMED",
        "/etc/passwd | MALFORMED",
        "sub/x.apr | MALFORMED",
        "..\\\\x.apr | MALFORMED",
        ".. | MALFORMED",
        "'' | MALFORMED",
        "link.apr | MALFORMED",
        "absent.apr | NOT_FOUND",
        "pipe/../x.apr | MALFORMED",
      })
  void aManifestLeadsToFilesBesideItAlone(String name, ErrorCode code) throws IOException {
    Path secret = shard("secret.apr", 0x0400, "{}", "s");
    Files.move(secret, root.resolve("secret.apr"));
    Files.createSymbolicLink(folder.resolve("link.apr"), root.resolve("secret.apr"));
    assertEquals(
        code,
        refusal(manifest("{\"shard_count\":1,\"shards\":[{\"filename\":\"" + name + "\"}]}")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"shard_count\":3,\"shards\":" + LISTED + "}",
        "{\"shard_count\":2,\"shards\":[]}",
        "{\"shard_count\":2,\"shards\":{}}",
        "{\"shard_count\":1,\"shards\":[{\"index\":0}]}",
        "{\"shard_count\":1,\"shards\":[{\"filename\":\"x-00001-of-00002.apr\",\"index\":1}]}",
        "{\"shard_count\":1,\"shards\":[{\"filename\":\"x-00001-of-00002.apr\",\"index\":-1}]}",
        "{\"shard_count\":2,\"shards\":[{\"filename\":\"x-00001-of-00002.apr\",\"index\":0},"
            + "{\"filename\":\"x-00002-of-00002.apr\",\"index\":0}]}",
        "{\"shard_count\":2,\"shards\":[{\"filename\":\"x-00002-of-00002.apr\",\"index\":0},"
            + "{\"filename\":\"x-00001-of-00002.apr\",\"index\":1}]}",
      })
  void aManifestThatContradictsItselfOrItsShardsIsRefused(String json) throws IOException {
    assertEquals(ErrorCode.MALFORMED, refusal(manifest(json)));
  }

  @Test
  void aWeightMapThatTheShardsDoNotConfirmIsAWarning() throws IOException {
    Path manifest =
        manifest("{\"shard_count\":2,\"shards\":" + LISTED + ",\"weight_map\":{\"a\":0,\"c\":1}}");
    try (ModelSource source = new AprFormat().open(manifest)) {
      assertEquals(List.of("SHARDED", "MANIFEST_MISMATCH"), codes(source));
      assertTrue(source.notes().getLast().message().contains("2 tensors"));
    }
  }

  @Test
  void aTensorInTwoShardsIsRefused() {
    assertEquals(ErrorCode.TENSOR_DUPLICATED, refusal(shard("x-00002-of-00002.apr", 1, "a")));
  }

  @Test
  void aMissingShardIsNotFound() throws IOException {
    Files.delete(folder.resolve("x-00002-of-00002.apr"));
    assertEquals(ErrorCode.NOT_FOUND, refusal(folder.resolve("x-00001-of-00002.apr")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1040 | {} ",
        "1040 | {\"sharding\":null}",
        "1024 | {\"sharding\":{\"shard_count\":2,\"shard_index\":0}}",
        "1024 | {\"sharding\":{\"shard_count\":\"2\"}}",
        "1040 | {\"sharding\":{\"shard_count\":2,\"shard_index\":0}}",
      })
  void whatMayBeAShardAndIsReadAloneSaysSo(int flags, String metadata) {
    try (ModelSource source = new AprFormat().open(shard("alone.apr", flags, metadata, "a"))) {
      assertEquals(List.of("SHARD_ALONE"), codes(source));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"shard_count\":2,\"shard_index\":2}",
        "{\"shard_count\":2,\"shard_index\":-1}",
        "{\"shard_count\":4294967296,\"shard_index\":0}",
        "{\"shard_count\":\"2\",\"shard_index\":0}",
        "{}",
      })
  void aPlaceThatIsNoneIsRefused(String sharding) {
    assertEquals(
        ErrorCode.MALFORMED,
        refusal(shard("m.apr", SHARDED, "{\"sharding\":" + sharding + "}", "a")));
  }

  @Test
  void moreShardsThanAnyModelHasAreRefusedBeforeTheyAreLookedFor() {
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED,
        refusal(
            shard(
                "x-00001-of-2000000000.apr",
                SHARDED,
                "{\"sharding\":{\"shard_count\":2000000000,\"shard_index\":0}}",
                "a")));
  }
}
