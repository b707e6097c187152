package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.formats.json.BoundedJson;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.FileHead;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files that were made to break readers. */
class HostileAprTests {
  private static final int MUTATIONS = Integer.getInteger("rosetta.mutations", 2_000);

  @TempDir Path dir;

  /** What became of a file. */
  private enum Outcome {
    READ,
    FAULTY,
    REFUSED
  }

  static Stream<Arguments> entries() throws IOException {
    Path key = SharedData.path("hostile/KEY.json");
    List<?> entries = (List<?>) BoundedJson.parse(Files.readAllBytes(key), key, 0);
    return entries.stream()
        .map(BoundedJson::asObject)
        .filter(entry -> "apr".equals(entry.get("format")))
        .map(entry -> Arguments.of(entry.get("file"), entry.get("expect")));
  }

  @Tag("shared")
  @ParameterizedTest
  @MethodSource("entries")
  void behavesAsTheKeySays(String file, String expected) {
    Path path = SharedData.path("hostile/" + file);
    Outcome outcome = assertTimeoutPreemptively(Duration.ofSeconds(5), () -> use(path));
    switch (expected) {
      case "ok" -> assertTrue(outcome == Outcome.READ, outcome.name());
      case "error" -> assertTrue(outcome != Outcome.READ, outcome.name());
      default -> assertNotNull(outcome);
    }
  }

  /** Opens a file and reads everything in it. */
  private static Outcome use(Path path) throws IOException {
    try {
      byte[] head;
      try (var in = Files.newInputStream(path)) {
        head = in.readNBytes(FileHead.MAX_BYTES);
      }
      if (!new AprFormat().recognizes(new FileHead(path, false, Files.size(path), head))) {
        return Outcome.REFUSED;
      }
      try (ModelSource source = new AprFormat().open(path)) {
        boolean faulty =
            source.notes().stream().anyMatch(note -> note.severity() == Severity.ERROR);
        for (TensorInfo tensor : source.tensors()) {
          byte[] data = new byte[Math.toIntExact(Math.min(tensor.byteSize(), 1 << 20))];
          try {
            source.read(tensor, 0, MemorySegment.ofArray(data), data.length);
          } catch (ModelException e) {
            assertTrue(faulty, e.getMessage());
          }
        }
        source.vocabulary();
        return faulty ? Outcome.FAULTY : Outcome.READ;
      }
    } catch (ModelException e) {
      return Outcome.REFUSED;
    }
  }

  /** Checksums are made right again: they guard against accidents, not attackers. */
  @Test
  void changedFilesAreReadOrRefused() throws IOException {
    byte[] good =
        new V2File()
            .metadata("{\"a\":[1,2],\"tokenizer.vocabulary\":[\"a\"],\"sharding\":null}")
            .add("a", 12, V2File.dims(2, 256), new byte[288])
            .add("b", 129, V2File.dims(3), new byte[7])
            .add("c", 0, V2File.dims(2), V2File.floats(1, 2))
            .bytes();
    long seed = 0x41505232L;
    Random random = new Random(seed);
    Path path = dir.resolve("mutant.apr");
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutant = good.clone();
      for (int n = random.nextInt(1, 4); n > 0; n--) {
        int at = random.nextInt(random.nextBoolean() ? 64 : mutant.length - 4);
        mutant[at] = (byte) (random.nextBoolean() ? random.nextInt(256) : -random.nextInt(2));
      }
      V2File.resealed(mutant);
      if (random.nextInt(4) == 0) {
        mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length));
      }
      Files.write(path, mutant);
      try {
        use(path);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", mutant " + i, e);
      }
    }
  }

  @Test
  void otherFamiliesAreReadOrRefusedWhateverFollowsTheirMagic() throws IOException {
    long seed = 0x4150524eL;
    Random random = new Random(seed);
    Path path = dir.resolve("mutant.apr");
    String[] magics = {
      "APRN\1", "APR1\1\0", "APR1\2\0\0\0{}", "APR\0\1\0\0\0", "APR\0\1\0\0\0\0PST", "APR2\1"
    };
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] mutant = new byte[random.nextInt(4, 200)];
      for (int at = 0; at < mutant.length; at++) {
        mutant[at] = (byte) (random.nextInt(3) == 0 ? random.nextInt(256) : random.nextInt(4));
      }
      byte[] magic =
          magics[random.nextInt(magics.length)].getBytes(
              java.nio.charset.StandardCharsets.ISO_8859_1);
      System.arraycopy(magic, 0, mutant, 0, Math.min(magic.length, mutant.length));
      Files.write(path, mutant);
      try {
        use(path);
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", mutant " + i, e);
      }
    }
  }
}
