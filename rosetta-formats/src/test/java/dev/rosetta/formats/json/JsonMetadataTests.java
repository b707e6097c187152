package dev.rosetta.formats.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class JsonMetadataTests {
  private final JsonMetadata metadata =
      new JsonMetadata(
          BoundedJson.parseObject(
              """
              {"b": 1, "a": "x", "n": null, "d": 0.5, "l": ["x", "y"], "e": [], "o": {"k": 1},
               "t": true, "m": [[1]]}
              """
                  .getBytes(UTF_8),
              Path.of("config.json"),
              0));

  @Test
  void keysKeepTheOrderOfTheFile() {
    assertEquals(
        List.of("b", "a", "n", "d", "l", "e", "o", "t", "m"), List.copyOf(metadata.keys()));
    assertThrows(UnsupportedOperationException.class, () -> metadata.keys().remove("b"));
  }

  @Test
  void nullAndAbsentKeysHaveNoValue() {
    assertEquals(Optional.empty(), metadata.value("n"));
    assertEquals(Optional.empty(), metadata.value("zz"));
    assertEquals(Optional.of(1L), metadata.value("b"));
    assertEquals(Optional.of(List.of("x", "y")), metadata.value("l"));
  }

  @Test
  void typesAreNamed() {
    assertEquals(
        List.of(
            "integer",
            "string",
            "null",
            "number",
            "string[2]",
            "array[0]",
            "object",
            "boolean",
            "integer[1][1]"),
        metadata.keys().stream().map(metadata::typeName).toList());
  }

  @Test
  void valuesCannotBeModified() {
    List<?> list = (List<?>) metadata.value("l").orElseThrow();
    assertThrows(UnsupportedOperationException.class, list::clear);
  }
}
