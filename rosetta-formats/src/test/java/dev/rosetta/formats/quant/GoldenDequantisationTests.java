package dev.rosetta.formats.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("shared")
class GoldenDequantisationTests {

  @Test
  void everyGoldenBlockDecodesToTheSameBitsAsGgml() throws IOException {
    Path folder = SharedData.path("golden/_dequant");
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.filter(f -> f.toString().endsWith(".bin")).sorted().toList();
    }
    List<String> compared = new ArrayList<>();
    for (Path file : files) {
      String name = file.getFileName().toString();
      ElementType type = ElementType.valueOf(name.substring(0, name.indexOf('.')));
      float[] expected =
          npy(folder.resolve(name.substring(0, name.length() - ".bin".length()) + ".npy"));
      float[] actual = ElementCodecsTests.decode(type, Files.readAllBytes(file), expected.length);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(
            Float.floatToIntBits(expected[i]),
            Float.floatToIntBits(actual[i]),
            name + " element " + i);
      }
      compared.add(name);
    }
    assertTrue(compared.size() >= 28, compared.toString());
  }

  /** A one-dimensional little-endian float32 array in NumPy's file format, version 1. */
  static float[] npy(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = bytes.getShort(8);
    String text = new String(bytes.array(), 10, header, StandardCharsets.US_ASCII);
    assertTrue(text.contains("'<f4'") && text.contains("'fortran_order': False"), text);
    float[] values = new float[(bytes.capacity() - 10 - header) / 4];
    bytes.position(10 + header);
    bytes.asFloatBuffer().get(values);
    return values;
  }
}
