package dev.rosetta.formats.apr;

import static dev.rosetta.formats.apr.V2File.dims;
import static dev.rosetta.formats.apr.V2File.floats;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** K-quants in aprender's pair order, element by element against ggml's order. */
class PairOrderTests {
  private static final long SEED = 4;
  private static final int BLOCKS = 3;

  @TempDir Path dir;

  /** The same random blocks in both orders. */
  private record Blocks(byte[] pairs, byte[] ggml) {
    static Blocks q4() {
      Random random = new Random(SEED);
      Blocks blocks = new Blocks(new byte[BLOCKS * 144], new byte[BLOCKS * 144]);
      for (int at = 0; at < blocks.pairs.length; at += 144) {
        for (int i = 0; i < 16; i++) {
          blocks.pairs[at + i] = blocks.ggml[at + i] = (byte) random.nextInt();
        }
        for (int e = 0; e < 256; e++) {
          int q = random.nextInt(16);
          int j = e / 32;
          int l = e % 32;
          blocks.pairs[at + 16 + 16 * j + l / 2] |= (byte) (q << 4 * (l % 2));
          blocks.ggml[at + 16 + 32 * (j / 2) + l] |= (byte) (q << 4 * (j % 2));
        }
      }
      return blocks;
    }

    static Blocks q6() {
      Random random = new Random(SEED);
      Blocks blocks = new Blocks(new byte[BLOCKS * 210], new byte[BLOCKS * 210]);
      for (int at = 0; at < blocks.pairs.length; at += 210) {
        for (int i = 192; i < 210; i++) {
          blocks.pairs[at + i] = blocks.ggml[at + i] = (byte) random.nextInt();
        }
        for (int e = 0; e < 256; e++) {
          int q = random.nextInt(64);
          blocks.pairs[at + e / 2] |= (byte) ((q & 15) << 4 * (e % 2));
          blocks.pairs[at + 128 + e / 4] |= (byte) (q >> 4 << 2 * (e % 4));
          int quarter = e % 128 / 32;
          int ql = 64 * (e / 128) + 32 * (quarter % 2) + e % 32;
          blocks.ggml[at + ql] |= (byte) ((q & 15) << 4 * (quarter / 2));
          blocks.ggml[at + 128 + 32 * (e / 128) + e % 32] |= (byte) (q >> 4 << 2 * quarter);
        }
      }
      return blocks;
    }
  }

  private Path file(String metadata) {
    return new V2File()
        .metadata(metadata)
        .add("a", 12, dims(BLOCKS, 256), Blocks.q4().pairs())
        .add("b", 14, dims(BLOCKS, 256), Blocks.q6().pairs())
        .add("c", 0, dims(2), floats(1, 2))
        .write(dir.resolve("model.apr"));
  }

  private static byte[] read(ModelSource source, int tensor, long from, int length) {
    byte[] bytes = new byte[length];
    TensorInfo info = source.tensors().get(tensor);
    source.read(info, from, MemorySegment.ofArray(bytes), length);
    return bytes;
  }

  private static List<String> codes(ModelSource source) {
    return source.notes().stream().map(SourceNote::code).toList();
  }

  @Test
  void blocksComeInGgmlOrderWhereTheUserSaysSo() {
    Path file = file("{}");
    Set<ElementType> types = Set.of(ElementType.Q4_K, ElementType.Q6_K);
    try (ModelSource source = new AprFormat(Map.of(file, types)).open(file)) {
      assertArrayEquals(Blocks.q4().ggml(), read(source, 0, 0, BLOCKS * 144), "seed " + SEED);
      assertArrayEquals(Blocks.q6().ggml(), read(source, 1, 0, BLOCKS * 210), "seed " + SEED);
      assertArrayEquals(floats(1, 2), read(source, 2, 0, 8));
      assertEquals(List.of("PAIR_ORDER"), codes(source));
      assertTrue(source.notes().getFirst().message().contains("2 Q4_K and Q6_K tensors"));
    }
  }

  @Test
  void aReadMaySplitBlocks() {
    Path file = file("{}");
    try (ModelSource source = new AprFormat(Map.of(file, Set.of(ElementType.Q4_K))).open(file)) {
      byte[] all = Blocks.q4().ggml();
      for (int from : new int[] {0, 1, 143, 144, 200}) {
        for (int length : new int[] {0, 1, 100, 145, 200}) {
          byte[] expected = java.util.Arrays.copyOfRange(all, from, from + length);
          assertArrayEquals(expected, read(source, 0, from, length), from + " " + length);
        }
      }
      assertThrows(IndexOutOfBoundsException.class, () -> read(source, 0, 1, BLOCKS * 144));
    }
  }

  @Test
  void otherFilesAndTypesStayAsTheyAre() {
    Path file = file("{}");
    try (ModelSource source = new AprFormat(Map.of(file, Set.of(ElementType.Q4_K))).open(file)) {
      assertArrayEquals(Blocks.q6().pairs(), read(source, 1, 0, BLOCKS * 210));
    }
    Map<Path, Set<ElementType>> other = Map.of(dir.resolve("x"), Set.of(ElementType.Q4_K));
    try (ModelSource source = new AprFormat(other).open(file)) {
      assertArrayEquals(Blocks.q4().pairs(), read(source, 0, 0, BLOCKS * 144));
      assertEquals(List.of(), codes(source));
    }
  }

  @Test
  void aTypeThatIsNotThereOrNeverWasInPairsIsRefused() {
    Path file = new V2File().add("c", 0, dims(2), floats(1, 2)).write(dir.resolve("plain.apr"));
    AprFormat format = new AprFormat(Map.of(file, Set.of(ElementType.Q4_K)));
    IllegalArgumentException missing =
        assertThrows(IllegalArgumentException.class, () -> format.open(file));
    assertTrue(missing.getMessage().contains("Q4_K"), missing.getMessage());
    Map<Path, Set<ElementType>> wrong = Map.of(file, Set.of(ElementType.Q5_K));
    assertThrows(IllegalArgumentException.class, () -> new AprFormat(wrong));
  }

  @Test
  void aFileOfThoseDaysIsDoubtedByItsOwnDate() {
    for (String day : List.of("2026-01-22T22:00:00Z", "2026-02-01", "2026-02-05 10:00")) {
      try (ModelSource source = new AprFormat().open(file("{\"created_at\":\"" + day + "\"}"))) {
        assertEquals(List.of("PAIR_ORDER_POSSIBLE"), codes(source), day);
        assertEquals(Severity.WARNING, source.notes().getFirst().severity());
        assertTrue(source.notes().getFirst().message().contains("--pair-order"));
        assertArrayEquals(Blocks.q4().pairs(), read(source, 0, 0, BLOCKS * 144));
      }
    }
    for (String day : List.of("2026-01-21", "2026-02-06T00:00:00Z", "soon", "")) {
      try (ModelSource source = new AprFormat().open(file("{\"created_at\":\"" + day + "\"}"))) {
        assertFalse(codes(source).contains("PAIR_ORDER_POSSIBLE"), day);
      }
    }
  }
}
