package dev.rosetta.formats.apr;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code zstd/*.zst} were made by the reference compressor of text that {@link #text} repeats. */
class ZstdFramesTests {
  @TempDir Path dir;

  /** Words in an order that a linear congruential generator gives. */
  static byte[] text(int length) {
    String[] words = {"attention ", "is ", "all ", "you ", "need ", "\n", "softmax(QK)V ", "0123 "};
    StringBuilder text = new StringBuilder();
    long state = 1;
    while (text.length() < length) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      text.append(words[(int) (state >>> 61)]);
      if (state >>> 50 == 5) {
        text.append("a".repeat(300));
      }
    }
    return text.substring(0, length).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }

  private byte[] expand(byte[] compressed, long limit) throws IOException {
    Path path = Files.write(dir.resolve("x.zst"), compressed);
    try (Image image = Image.Mapped.open(path);
        Arena arena = Arena.ofConfined()) {
      ZstdFrames frames = new ZstdFrames(image, 0, image.size());
      MemorySegment target = arena.allocate(frames.expandedSize(limit), 1);
      frames.expand(target);
      return target.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = ZstdFramesTests.class.getResourceAsStream("zstd/" + name)) {
      assertTrue(in != null, name);
      return in.readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"text-1.zst", "text-3.zst", "text-19.zst"})
  void expandsWhatTheReferenceCompressed(String name) throws IOException {
    assertArrayEquals(text(200_000), expand(resource(name), 1 << 20));
  }

  @Test
  void framesFollowEachOtherAndSkippableOnesAreSkipped() throws IOException {
    byte[] one = Base64.getDecoder().decode("KLUv/SADGQAAYWJj");
    byte[] all = new byte[2 * one.length + 10];
    System.arraycopy(one, 0, all, 0, one.length);
    all[one.length] = 0x5f;
    all[one.length + 1] = 0x2a;
    all[one.length + 2] = 0x4d;
    all[one.length + 3] = 0x18;
    all[one.length + 4] = 2;
    System.arraycopy(one, 0, all, one.length + 10, one.length);
    assertArrayEquals(
        "abcabc".getBytes(java.nio.charset.StandardCharsets.US_ASCII), expand(all, 6));
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED, assertThrows(ModelException.class, () -> expand(all, 5)).code());
  }

  @Test
  void damagedContentIsAnErrorOrOtherContentOfBoundedSize() throws IOException {
    byte[] good = resource("text-19.zst");
    long seed = 0x28b52ffdL;
    Random random = new Random(seed);
    for (int i = 0; i < 3000; i++) {
      byte[] bad = good.clone();
      for (int n = random.nextInt(1, 4); n > 0; n--) {
        bad[random.nextInt(random.nextBoolean() ? bad.length : 200)] = (byte) random.nextInt(256);
      }
      try {
        assertTrue(expand(bad, 1 << 20).length <= 1 << 20);
      } catch (ModelException e) {
        // the usual outcome
      } catch (RuntimeException e) {
        throw new AssertionError("seed " + seed + ", mutant " + i, e);
      }
    }
  }
}
