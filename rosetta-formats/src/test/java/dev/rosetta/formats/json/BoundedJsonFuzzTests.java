package dev.rosetta.formats.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.code_intelligence.jazzer.mutation.annotation.WithLength;
import dev.rosetta.formats.Reading;
import dev.rosetta.model.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a JSON document holds, it is read or refused. */
class BoundedJsonFuzzTests {
  private static final Path FILE = Path.of("any.json");

  static Stream<Arguments> documents() {
    return Stream.of(
            "{\"a\":[1,-2,3.5,1e9,true,false,null,\"\\u00e9\\ud83d\\ude00\\n\"],\"b\":{\"c\":{}}}",
            "[18446744073709551615,-9223372036854775809,1e308,0.1]",
            " \"\u00e9\u4e16\ud83d\ude00\" ",
            "{\"a\":1,\"a\":2}",
            "[[[[[[[[]]]]]]]]")
        .map(text -> Arguments.of((Object) text.getBytes(UTF_8)));
  }

  @MethodSource("documents")
  @FuzzTest
  void anyDocument(byte @NotNull @WithLength(max = Reading.MAX_FUZZED_BYTES) [] utf8) {
    try {
      Object value = BoundedJson.parse(utf8, FILE, 0);
      assertEquals(value, BoundedJson.parse(utf8, FILE, 7));
    } catch (ModelException e) {
      Reading.assertPrintable(e.getMessage());
    }
    try {
      BoundedJson.parseObjectLastKeyWins(utf8, FILE, 0, new ArrayList<>());
    } catch (ModelException e) {
      Reading.assertPrintable(e.getMessage());
    }
  }
}
