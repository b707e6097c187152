package dev.rosetta.formats.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.rosetta.model.ElementType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Holds the grid, ternary and newest types to the bits of ggml, see {@code ggml-dequantised.txt}.
 */
class GgmlDequantisationTests {
  private static final long SEED = 20261124;
  private static final int BLOCKS = 4096;

  /**
   * What ggml made of the blocks of one type.
   *
   * @param sha256 of the values of all blocks
   * @param block the first block
   * @param values its values, as float32 bits
   */
  record Golden(ElementType type, String sha256, byte[] block, List<Integer> values) {
    @Override
    public String toString() {
      return type.name();
    }
  }

  static List<Golden> goldens() throws IOException {
    String text;
    try (InputStream in =
        GgmlDequantisationTests.class.getResourceAsStream("ggml-dequantised.txt")) {
      text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    }
    List<Golden> goldens = new ArrayList<>();
    for (String paragraph : text.split("\n\n")) {
      if (paragraph.startsWith("#")) {
        continue;
      }
      List<String> lines = paragraph.lines().toList();
      String[] head = lines.getFirst().split(" ");
      goldens.add(
          new Golden(
              ElementType.valueOf(head[0]),
              head[1],
              HexFormat.of().parseHex(lines.get(1)),
              lines.stream()
                  .skip(2)
                  .flatMap(line -> Stream.of(line.split(" ")))
                  .map(word -> Integer.parseUnsignedInt(word, 16))
                  .toList()));
    }
    assertEquals(12, goldens.size());
    return goldens;
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void oneBlockDecodesToTheBitsOfGgml(Golden golden) {
    ElementType type = golden.type();
    byte[] first = Arrays.copyOf(randomBlocks(type), type.blockBytes());
    assertEquals(HexFormat.of().formatHex(golden.block()), HexFormat.of().formatHex(first));
    float[] values = ElementCodecsTests.decode(type, first, type.blockElements());
    assertEquals(golden.values().size(), values.length);
    for (int k = 0; k < values.length; k++) {
      assertEquals(golden.values().get(k), Float.floatToRawIntBits(values[k]), "element " + k);
    }
  }

  @ParameterizedTest
  @MethodSource("goldens")
  void everyPointScaleAndSignDecodesToTheBitsOfGgml(Golden golden) throws NoSuchAlgorithmException {
    ElementType type = golden.type();
    int elements = BLOCKS * type.blockElements();
    float[] values = ElementCodecsTests.decode(type, randomBlocks(type), elements);
    ByteBuffer bytes = ByteBuffer.allocate(elements * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
    assertEquals(golden.sha256(), HexFormat.of().formatHex(digest));
  }

  private static byte[] randomBlocks(ElementType type) {
    byte[] bytes = new byte[BLOCKS * type.blockBytes()];
    new Random(SEED).nextBytes(bytes);
    for (int block = 0; block < bytes.length; block += type.blockBytes()) {
      makeScaleFinite(type, bytes, block);
    }
    return bytes;
  }

  private static void makeScaleFinite(ElementType type, byte[] bytes, int block) {
    switch (type) {
      case NVFP4 -> {}
      case IQ1_M -> {
        // The sixteen bits of the scale are the upper nibbles of bytes 49, 51, 53 and 55.
        if ((bytes[block + 55] & 0x70) == 0x70 && (bytes[block + 53] & 0xc0) == 0xc0) {
          bytes[block + 55] &= (byte) 0xbf;
        }
      }
      default -> {
        int high =
            block
                + switch (type) {
                  case TQ1_0 -> 53;
                  case TQ2_0 -> 65;
                  default -> 1;
                };
        if ((bytes[high] & 0x7c) == 0x7c) {
          bytes[high] &= (byte) 0xbf;
        }
      }
    }
  }
}
