package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EncodedTextsTests {
  private static final List<String> TEXTS =
      List.of("", "a", "\u0120the", "\u00e9\u7684\ud83d\ude00", "x y", " t", "\uffff", "\u07ff ");

  private static byte[] encode(List<byte[]> texts, int lengthBytes) {
    ByteBuffer encoded =
        ByteBuffer.allocate(texts.stream().mapToInt(t -> t.length + lengthBytes).sum())
            .order(ByteOrder.LITTLE_ENDIAN);
    for (byte[] text : texts) {
      if (lengthBytes == 4) {
        encoded.putInt(text.length);
      } else {
        encoded.putLong(text.length);
      }
      encoded.put(text);
    }
    return encoded.array();
  }

  private static EncodedTexts of(List<String> texts, int lengthBytes)
      throws EncodedTexts.Malformed {
    List<byte[]> bytes = texts.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
    return new EncodedTexts(
        encode(bytes, lengthBytes), ByteOrder.LITTLE_ENDIAN, texts.size(), lengthBytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void isTheListOfItsTexts(int lengthBytes) throws EncodedTexts.Malformed {
    EncodedTexts texts = of(TEXTS, lengthBytes);
    assertEquals(TEXTS, List.copyOf(texts));
    assertEquals(TEXTS, texts);
    assertEquals(texts, TEXTS);
    assertEquals(of(TEXTS, lengthBytes), texts);
    assertEquals(of(TEXTS, 12 - lengthBytes), texts);
    assertEquals(TEXTS.hashCode(), texts.hashCode());
    assertNotEquals(of(TEXTS.reversed(), lengthBytes), texts);
    assertNotEquals(of(TEXTS.subList(1, 3), lengthBytes), texts);
  }

  @Test
  void equalBytesInOtherPiecesAreOtherTexts() throws EncodedTexts.Malformed {
    assertNotEquals(of(List.of("ab", ""), 4), of(List.of("a", "b"), 4));
  }

  /** Whatever the bytes are, the verdict is that of the JDK's decoder. */
  @Test
  void malformedTextIsFound() {
    long seed = 77;
    Random random = new Random(seed);
    byte[] alphabet = {'a', ' ', (byte) 0xc3, (byte) 0xa9, (byte) 0xe0, (byte) 0x9f, (byte) 0xed};
    for (int i = 0; i < 20_000; i++) {
      byte[] text = new byte[random.nextInt(5)];
      for (int k = 0; k < text.length; k++) {
        text[k] =
            random.nextBoolean()
                ? alphabet[random.nextInt(alphabet.length)]
                : (byte) random.nextInt(256);
      }
      boolean valid = GgufMetadata.utf8(text) != null;
      boolean accepted = true;
      try {
        new EncodedTexts(encode(List.of(new byte[] {'a'}, text), 8), ByteOrder.LITTLE_ENDIAN, 2, 8);
      } catch (EncodedTexts.Malformed e) {
        accepted = false;
        assertEquals(17, e.offset, "offset of the second text");
      }
      assertEquals(valid, accepted, "seed " + seed + ", text " + i);
    }
  }

  @Test
  void lengthsStayInsideTheBytes() {
    for (long length : new long[] {4, Integer.MAX_VALUE, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
      byte[] encoded = ByteBuffer.allocate(11).putLong(length).array();
      assertThrows(
          EncodedTexts.Malformed.class,
          () -> new EncodedTexts(encoded, ByteOrder.BIG_ENDIAN, 1, 8));
    }
    assertThrows(
        EncodedTexts.Malformed.class,
        () -> new EncodedTexts(new byte[9], ByteOrder.LITTLE_ENDIAN, 2, 8));
  }

  @Test
  void pairsAreTwoTextsAroundABlank() throws EncodedTexts.Malformed {
    List<String> texts = new ArrayList<>(List.of("", " ", "a", "a ", "  ", "ab"));
    texts.addAll(List.of("a b", "  b", "\u0120 t", "a b ", "\u7684 \u7684"));
    EncodedTexts encoded = of(texts, 8);
    for (int i = 0; i < texts.size(); i++) {
      int blank = texts.get(i).indexOf(' ', 1);
      assertEquals(
          blank >= 1 && blank < texts.get(i).length() - 1, encoded.isPair(i), texts.get(i));
    }
  }
}
