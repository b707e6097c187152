package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Quantised blocks of big-endian files, turned as llama.cpp's script turns them. */
final class BigEndianBlocksTests {
  @TempDir Path folder;

  private Path write(int type, int blockElements, int blocks, byte[] data) throws IOException {
    RawGguf raw = new RawGguf(3, ByteOrder.BIG_ENDIAN, 1, 0);
    raw.tensor("w", type, 0, (long) blocks * blockElements).pad(32).bytes(data).pad(32);
    return raw.write(folder, "big.gguf");
  }

  /** {@code halves}: where a block has numbers of two bytes. */
  @ParameterizedTest
  @CsvSource({
    "2, 32, 18, 0",
    "8, 32, 34, 0",
    "12, 256, 144, 0 2",
    "14, 256, 210, 208",
    "35, 256, 66, 64",
    "39, 32, 17, ''",
    "41, 128, 18, 0",
  })
  void halfPrecisionNumbersAreTurnedAndNothingElse(
      int type, int blockElements, int blockBytes, String halves) throws IOException {
    int blocks = 9000 / blockBytes * 9;
    byte[] little = new byte[blocks * blockBytes];
    new Random(type).nextBytes(little);
    byte[] big = little.clone();
    for (int block = 0; block < big.length; block += blockBytes) {
      for (String half : halves.isEmpty() ? new String[0] : halves.split(" ")) {
        int at = block + Integer.parseInt(half);
        big[at] = little[at + 1];
        big[at + 1] = little[at];
      }
    }
    try (ModelSource source = new GgufFormat().open(write(type, blockElements, blocks, big))) {
      TensorInfo tensor = source.tensors().getFirst();
      byte[] read = new byte[little.length];
      source.read(tensor, 0, MemorySegment.ofArray(read), read.length);
      assertArrayEquals(little, read);
      byte[] part = new byte[little.length - 5];
      source.read(tensor, 1, MemorySegment.ofArray(part), part.length);
      assertArrayEquals(Arrays.copyOfRange(little, 1, little.length - 4), part);
      assertTrue(source.notes().isEmpty(), () -> source.notes().toString());
    }
  }

  @Test
  void blocksOfNoKnownOrderAreListedAndNotRead() throws IOException {
    try (ModelSource source = new GgufFormat().open(write(6, 32, 1, new byte[22]))) {
      TensorInfo tensor = source.tensors().getFirst();
      assertEquals("UNSUPPORTED_ELEMENT_TYPE", source.notes().getFirst().code());
      MemorySegment target = MemorySegment.ofArray(new byte[22]);
      ModelException refusal =
          assertThrows(ModelException.class, () -> source.read(tensor, 0, target, 22));
      assertTrue(String.valueOf(refusal.getMessage()).contains("Q5_0"), refusal::getMessage);
    }
  }
}
