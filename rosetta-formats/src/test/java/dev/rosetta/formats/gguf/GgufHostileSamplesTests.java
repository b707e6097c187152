package dev.rosetta.formats.gguf;

import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.ModelSource;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.spi.FileHead;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

@Tag("shared")
class GgufHostileSamplesTests {
  private static final GgufFormat FORMAT = new GgufFormat();

  /** One line of the key: a file and whether it is to load, to fail, or either. */
  private record Sample(String file, String expect, boolean mayExitZero) {}

  @Test
  void everySampleBehavesAsItsKeySays() throws IOException {
    Path folder = SharedData.path("hostile");
    List<String> wrong = new ArrayList<>();
    int checked = 0;
    for (Sample sample : samples(folder.resolve("KEY.json"))) {
      Path file = folder.resolve(sample.file());
      boolean usable = assertTimeout(Duration.ofSeconds(5), () -> isUsable(file), sample.file());
      boolean incomplete = missesAShard(file);
      if (sample.expect().equals("ok") && !usable && !incomplete
          || sample.expect().equals("error") && !sample.mayExitZero() && usable) {
        wrong.add(sample.file() + " expects " + sample.expect() + ", usable " + usable);
      }
      checked++;
    }
    assertTrue(wrong.isEmpty(), wrong.toString());
    assertTrue(checked >= 40, checked + " samples");
  }

  /** Whether a file opens without an error note and all it says can be read. */
  private static boolean isUsable(Path file) throws IOException {
    byte[] head = Arrays.copyOf(Files.readAllBytes(file), FileHead.MAX_BYTES);
    if (!FORMAT.recognizes(new FileHead(file, false, Files.size(file), head))) {
      return false;
    }
    try (ModelSource source = FORMAT.open(file);
        Arena arena = Arena.ofConfined()) {
      source.metadata().keys().forEach(key -> source.metadata().value(key));
      source.vocabulary();
      Set<String> damaged =
          source.notes().stream()
              .filter(note -> note.severity() == Severity.ERROR)
              .map(note -> String.valueOf(note.tensor()))
              .collect(Collectors.toSet());
      for (TensorInfo tensor : source.tensors()) {
        if (!damaged.contains(tensor.name())) {
          assertTrue(tensor.type() != ElementType.C64);
          source.read(tensor, 0, arena.allocate(tensor.byteSize() + 1), tensor.byteSize());
        }
      }
      return damaged.isEmpty();
    } catch (ModelException e) {
      return false;
    }
  }

  /** The samples hold first files of split models without the others. */
  private static boolean missesAShard(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith("-00001-of-00002.gguf")
        && !Files.exists(file.resolveSibling(name.replace("-00001-", "-00002-")));
  }

  private static List<Sample> samples(Path key) throws IOException {
    List<Sample> samples = new ArrayList<>();
    try (JsonParser json =
        new JsonFactory().createParser(ObjectReadContext.empty(), Files.readString(key))) {
      String file = "";
      String format = "";
      String expect = "";
      boolean mayExitZero = false;
      int depth = 0;
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token.isStructStart()) {
          depth++;
        } else if (token.isStructEnd()) {
          depth--;
          if (token == JsonToken.END_OBJECT && depth == 1 && format.equals("gguf")) {
            samples.add(new Sample(file, expect, mayExitZero));
          }
          mayExitZero &= depth > 1;
        } else if (token == JsonToken.VALUE_NUMBER_INT
            && depth == 3
            && "exits".equals(json.streamReadContext().getParent().currentName())) {
          mayExitZero |= json.getIntValue() == 0;
        } else if (token == JsonToken.VALUE_STRING && depth == 2) {
          switch (json.currentName()) {
            case "file" -> file = json.getString();
            case "format" -> format = json.getString();
            case "expect" -> expect = json.getString();
            default -> {}
          }
        }
      }
    }
    return samples;
  }
}
