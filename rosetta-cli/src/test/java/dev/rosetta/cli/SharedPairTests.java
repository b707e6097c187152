package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ComparisonRequest;
import dev.rosetta.RosettaComparator;
import dev.rosetta.Verdict;
import dev.rosetta.model.ModelException;
import dev.rosetta.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Verdicts on models and faults that others made. */
@Tag("shared")
final class SharedPairTests {
  private static final RosettaComparator COMPARATOR = RosettaComparator.create();

  /** The fields of one entry of the key, which stand in this order. */
  private static final Pattern ENTRY =
      Pattern.compile(
          "\"id\": \"([^\"]+)\",\\s*\"kind\": \"(\\w+)\",\\s*\"a\": \"([^\"]+)\",\\s*"
              + "\"b\": \"([^\"]+)\",\\s*\"tokens\": \\[([^\\]]*)\\]");

  @Test
  void everyControlMatchesAndNoFaultDoes() throws IOException {
    Path pairs = SharedData.path("pairs");
    String key = Files.readString(pairs.resolve("KEY.json"));
    Matcher entry = ENTRY.matcher(key);
    int count = 0;
    while (entry.find()) {
      count++;
      List<Integer> tokens =
          Arrays.stream(entry.group(5).split(",")).map(id -> Integer.valueOf(id.strip())).toList();
      ComparisonRequest request =
          ComparisonRequest.of(pairs.resolve(entry.group(3)), pairs.resolve(entry.group(4)))
              .withTokens(tokens)
              .withoutProof();
      if (entry.group(2).equals("control")) {
        ComparisonReport report = COMPARATOR.compare(request);
        assertEquals(
            Verdict.MATCH, report.verdict(), () -> entry.group(1) + ": " + report.diagnoses());
        assertTrue(report.coverage().points().complete());
      } else {
        assertNotEquals("MATCH", verdict(request), entry.group(1));
      }
    }
    assertEquals(count, Pattern.compile("\"id\": ").matcher(key).results().count());
    assertTrue(count > 20, "found " + count);
  }

  private static String verdict(ComparisonRequest request) {
    try {
      return COMPARATOR.compare(request).verdict().name();
    } catch (ModelException refused) {
      return refused.code().name();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"llama_tiny", "llama_kq", "qwen2_tiny", "qwen2_kq", "qwen3_tiny", "qwen3_kq"})
  void everyPrecisionOfAModelMatchesEveryOther(String model) throws IOException {
    Path folder = SharedData.path("golden/" + model);
    List<Path> sides = new ArrayList<>();
    try (var cases = Files.list(folder)) {
      for (Path one : cases.sorted().toList()) {
        if (Files.exists(one.resolve("model.gguf"))) {
          sides.add(one.resolve("model.gguf"));
        } else if (Files.exists(one.resolve("config.json"))) {
          sides.add(one);
        }
      }
    }
    assertTrue(sides.size() > 1, sides.toString());
    for (Path a : sides) {
      for (Path b : sides.subList(sides.indexOf(a), sides.size())) {
        assertMatch(a, b);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama_tiny/f32", "llama_tiny/f16", "llama_tiny/q4_0", "llama_tiny/q8_0",
        "llama_kq/q4_k_m", "llama_kq/q6_k", "qwen2_tiny/bf16", "qwen2_kq/q4_k_m",
        "qwen2_fallback/q4_k_m", "qwen3_tiny/q8_0", "qwen3_kq/q6_k", "stories260k/f32",
        "ollama_tiny_random/asis"
      })
  void anImportedFileMatchesItsSource(String which) {
    assertMatch(
        SharedData.path("golden-apr/" + which + ".apr"),
        SharedData.path("golden/" + which + "/model.gguf"));
  }

  private static void assertMatch(Path a, Path b) {
    ComparisonReport report = COMPARATOR.compare(ComparisonRequest.of(a, b).withoutProof());
    assertEquals(Verdict.MATCH, report.verdict(), () -> a + " " + b + ": " + report.diagnoses());
    assertTrue(report.coverage().points().complete());
  }

  @ParameterizedTest
  @ValueSource(strings = {"golden/stories260k/safetensors_f32", "golden-apr/stories260k/f32.apr"})
  void theStoryIsTheKnownOne(String other) {
    ComparisonReport report =
        COMPARATOR.compare(
            ComparisonRequest.of(
                    SharedData.path("golden/stories260k/f32/model.gguf"), SharedData.path(other))
                .withPrompt("Once upon a time")
                .withMaxTokens(64));
    assertEquals(Verdict.MATCH, report.verdict(), report.diagnoses()::toString);
    assertFalse(report.continuation() == null);
    String story = ", there was a little girl named Lily. She loved to play outside in the park";
    assertTrue(report.continuation().textA().startsWith(story), report.continuation().textA());
    assertEquals(report.continuation().a(), report.continuation().b());
    assertEquals(64, report.continuation().agreeing());
  }
}
