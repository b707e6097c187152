package dev.rosetta.formats.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.Vocabulary;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

final class TokenizerJsonTests {
  private final List<String> notes = new ArrayList<>();

  private static Vocabulary vocabulary(List<String> tokens, int[] types, int eos) {
    return new Vocabulary(
        "gpt2",
        "qwen2",
        tokens,
        null,
        types,
        List.of(),
        OptionalInt.empty(),
        OptionalInt.of(eos),
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        null,
        null,
        null,
        null);
  }

  private static Map<?, ?> vocab(Map<String, Object> root) {
    return (Map<?, ?>) ((Map<?, ?>) root.get("model")).get("vocab");
  }

  @Test
  void distinctTokensAreCarriedOverWithoutANote() {
    Vocabulary plain = vocabulary(List.of("a", "b", "<|end|>"), new int[] {1, 1, 3}, 2);
    assertEquals(Map.of("a", 0, "b", 1), vocab(TokenizerJson.of(plain, notes).orElseThrow()));
    assertEquals(List.of(), notes);
  }

  @Test
  void anIdThatIsLostToAnEqualTextIsTold() {
    Vocabulary twice = vocabulary(List.of("a", "b", "a", "<|end|>"), new int[] {1, 1, 1, 3}, 3);
    assertEquals(Map.of("a", 2, "b", 1), vocab(TokenizerJson.of(twice, notes).orElseThrow()));
    assertEquals(1, notes.size());
    assertTrue(
        notes.getFirst().contains("0 and 2") && notes.getFirst().contains("\"a\""),
        notes::toString);
  }

  @Test
  void aSpecialTokenNeverChangesItsId() {
    for (Vocabulary twice :
        List.of(
            vocabulary(List.of("<|end|>", "b", "<|end|>"), new int[] {1, 1, 3}, 1),
            vocabulary(List.of("<|end|>", "b", "<|end|>"), new int[] {4, 1, 1}, 1),
            vocabulary(List.of("a", "b", "a"), new int[] {1, 1, 1}, 0))) {
      notes.clear();
      assertEquals(Optional.empty(), TokenizerJson.of(twice, notes));
      assertTrue(notes.getFirst().contains("0 and 2"), notes::toString);
    }
  }

  @Test
  void typesThatTheFileLacksAreTold() {
    Vocabulary odd = vocabulary(List.of("a", "b", "[PAD2]", "c"), new int[] {1, 5, 5, 2}, 0);
    assertTrue(TokenizerJson.of(odd, notes).isPresent());
    assertEquals(1, notes.size());
    assertTrue(notes.getFirst().startsWith("2 tokens"), notes::toString);
  }
}
