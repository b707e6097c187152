package dev.rosetta.formats.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.SourceNote;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class BoundedJsonTests {
  private static final Path FILE = Path.of("a.json");

  private static Object parse(String json) {
    return BoundedJson.parse(json.getBytes(UTF_8), FILE, 0);
  }

  private static ModelException refusal(byte[] json, long base) {
    return assertThrows(ModelException.class, () -> BoundedJson.parse(json, FILE, base));
  }

  private static ModelException refusal(String json) {
    return refusal(json.getBytes(UTF_8), 0);
  }

  @Test
  void everyKindOfValueBecomesItsJavaType() {
    Map<String, Object> object =
        BoundedJson.parseObject(
            """
            {"i": -7, "max": 9223372036854775807, "u64": 18446744073709551615, "d": 1e-6,
             "whole": 10000.0, "s": "\\u00e9\\ud83d\\ude00", "t": true, "f": false, "n": null,
             "a": [1, [2, []], {}], "o": {"x": {"y": 1}}}  \
            """
                .getBytes(UTF_8),
            FILE,
            0);
    assertEquals(-7L, object.get("i"));
    assertEquals(Long.MAX_VALUE, object.get("max"));
    assertEquals(new BigInteger("18446744073709551615"), object.get("u64"));
    assertEquals(1e-6, object.get("d"));
    assertEquals(10000.0, object.get("whole"));
    assertEquals("é😀", object.get("s"));
    assertEquals(true, object.get("t"));
    assertEquals(false, object.get("f"));
    assertTrue(object.containsKey("n"));
    assertNull(object.get("n"));
    assertEquals(List.of(1L, List.of(2L, List.of()), Map.of()), object.get("a"));
    assertEquals(Map.of("x", Map.of("y", 1L)), object.get("o"));
    assertEquals(
        List.of("i", "max", "u64", "d", "whole", "s", "t", "f", "n", "a", "o"),
        List.copyOf(object.keySet()));
  }

  @Test
  void scalarsAndArraysMayBeTheWholeDocument() {
    assertEquals(List.of(1L, 2L), parse("[1,2]"));
    assertEquals("x", parse(" \"x\" "));
    assertNull(parse("null"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{} {}",
        "{}x",
        "1 2",
        "}",
        "]",
        "[}",
        "{\"a\":1]",
        "nul",
        "\"abc",
        "{a:1}",
        "{'a':1}",
        "[01]",
        "[+1]",
        "[.5]",
        "[1.]",
        "[1e]",
        "[-]",
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "[-1e400]",
        "[1e1000000000]",
        "/*c*/[]",
        "[\"\t\"]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "\"\\ud800\"",
        "\"\\ud800x\"",
        "\"\\udc00\\ud800\"",
        "{\"\\udfff\":1}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"o\":{\"k\":1,\"k\":1}}",
      })
  void whatIsNotJsonIsMalformed(String json) {
    assertEquals(ErrorCode.MALFORMED, refusal(json).code());
  }

  @Test
  void everyTruncationIsMalformed() {
    byte[] whole = "{\"a\": [1.5, \"x\\n\", {\"b\": null}], \"é\": true}".getBytes(UTF_8);
    for (int length = 0; length < whole.length; length++) {
      ModelException e = refusal(Arrays.copyOf(whole, length), 0);
      assertEquals(ErrorCode.MALFORMED, e.code());
      assertTrue(e.offset() >= 0 && e.offset() <= length, "offset " + e.offset());
    }
  }

  @Test
  void malformedUtf8IsRefusedAtItsByte() {
    byte[][] malformed = {
      {'[', '"', (byte) 0xff, '"', ']'},
      {'[', '"', (byte) 0xc0, (byte) 0x80, '"', ']'}, // overlong
      {'[', '"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"', ']'}, // surrogate
      {'[', '"', (byte) 0xf5, (byte) 0x80, (byte) 0x80, (byte) 0x80, '"', ']'}, // above U+10FFFF
      {'[', '"', (byte) 0xe2, (byte) 0x82},
    };
    for (byte[] json : malformed) {
      ModelException e = refusal(json, 1000);
      assertEquals(ErrorCode.MALFORMED, e.code());
      assertEquals(1002, e.offset());
    }
    byte[] late = ("[\"" + "é".repeat(20_000) + "?\"]").getBytes(UTF_8);
    late[2 + 40_000] = (byte) 0x80;
    assertEquals(2 + 40_000, refusal(late, 0).offset());
  }

  @Test
  void otherEncodingsAreNotGuessed() {
    assertEquals(ErrorCode.MALFORMED, refusal("[1]".getBytes(StandardCharsets.UTF_16LE), 0).code());
    assertEquals(ErrorCode.MALFORMED, refusal("[1]".getBytes(StandardCharsets.UTF_16BE), 0).code());
    assertEquals(ErrorCode.MALFORMED, refusal("[1]".getBytes(StandardCharsets.UTF_32LE), 0).code());
  }

  @Test
  void depthIsBoundedWithoutAStackOverflow() {
    parse("[".repeat(64) + "]".repeat(64));
    for (String opening : List.of("[", "{\"a\":", "[{\"b\":")) {
      ModelException e = refusal(opening.repeat(1_000_000));
      assertEquals(ErrorCode.LIMIT_EXCEEDED, e.code());
      assertTrue(e.offset() <= 65L * opening.length(), "offset " + e.offset());
    }
  }

  @Test
  void numbersAreBounded() {
    assertEquals(new BigInteger("-99999999999999999999"), parse("-" + "9".repeat(20)));
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal("[" + "9".repeat(22) + "]").code());
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal("9".repeat(1_000_000)).code());
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal("[0." + "9".repeat(1_000_000) + "]").code());
  }

  @Test
  void namesAreBounded() {
    assertEquals(ErrorCode.LIMIT_EXCEEDED, refusal("{\"" + "x".repeat(70_000) + "\":1}").code());
    parse("{\"" + "x".repeat(60_000) + "\":1}");
  }

  @Test
  void tokensAreBounded() {
    assertEquals(
        ErrorCode.LIMIT_EXCEEDED,
        refusal("[" + "[],".repeat(BoundedJson.MAX_TOKENS / 2) + "1]").code());
  }

  @Test
  void errorsStateTheirByteInTheFile() {
    ModelException e = refusal("{\"a\": 1,  x}".getBytes(UTF_8), 8);
    assertEquals(FILE, e.path());
    assertTrue(e.offset() >= 18 && e.offset() <= 20, "offset " + e.offset());
    assertTrue(refusal("{\"k\":1,\"k\":2}").getMessage().contains("\"k\""));
  }

  @Test
  void messagesCarryNoControlCharacters() {
    for (String json :
        List.of("{\"\\u001b[2J\\n\":1,\"\\u001b[2J\\n\":1}", "[\u001b]", "[nul\u0085")) {
      String message = String.valueOf(refusal(json).getMessage());
      assertTrue(message.chars().noneMatch(Character::isISOControl), message);
    }
  }

  @Test
  void theLastOfEqualKeysWinsOnlyWhereAskedAndIsNoted() {
    List<SourceNote> notes = new ArrayList<>();
    Map<String, Object> object =
        BoundedJson.parseObjectLastKeyWins(
            "{\"a\":1,\"b\":2,\"a\":3}".getBytes(UTF_8), FILE, 64, notes);
    assertEquals(Map.of("a", 3L, "b", 2L), object);
    assertEquals(1, notes.size());
    assertEquals("DUPLICATE_KEY", notes.getFirst().code());
    assertTrue(notes.getFirst().message().contains("\"a\""));

    notes.clear();
    String many = "{\"a\":0" + ",\"a\":1".repeat(1000) + "}";
    BoundedJson.parseObjectLastKeyWins(many.getBytes(UTF_8), FILE, 0, notes);
    assertEquals(17, notes.size());
    assertTrue(notes.getLast().message().startsWith("984 more"));
  }

  @Test
  void aDocumentThatMustBeAnObjectIsNothingElse() {
    ModelException e =
        assertThrows(
            ModelException.class, () -> BoundedJson.parseObject("[]".getBytes(UTF_8), FILE, 0));
    assertEquals(ErrorCode.MALFORMED, e.code());
  }

  @Test
  void aVocabularyOfCollidingNamesIsRead() {
    StringBuilder json = new StringBuilder("{");
    for (int i = 0; i < 1 << 16; i++) {
      StringBuilder name = new StringBuilder();
      for (int bit = 0; bit < 16; bit++) {
        name.append((i >> bit & 1) == 0 ? "Aa" : "BB"); // equal String.hashCode
      }
      json.append(i == 0 ? "\"" : ",\"").append(name).append("\":").append(i);
    }
    Map<String, Object> object =
        BoundedJson.parseObject(json.append('}').toString().getBytes(UTF_8), FILE, 0);
    assertEquals(1 << 16, object.size());
  }
}
