package dev.rosetta.bench;

import static dev.rosetta.DiagnosisCode.TEMPLATE_MISMATCH;
import static dev.rosetta.DiagnosisCode.TOKENIZER_MISMATCH;

import dev.rosetta.bench.Fault.Expected;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;

/** Mistakes of the tokenizer and the chat template that the ids of a prompt need not show. */
final class TokenizerFaults {
  private TokenizerFaults() {}

  static List<Fault> all() {
    return List.of(
        template("template lost", (settings, random) -> settings.chatTemplate = null),
        template(
            "template changed",
            (settings, random) ->
                settings.chatTemplate = settings.chatTemplate.replace("m['role']", "'user'")),
        tokenizer("merges all lost", "merges", (settings, random) -> settings.merges.clear()),
        tokenizer(
            "merges reordered",
            "merges",
            (settings, random) -> {
              int one = random.nextInt(settings.merges.size() / 2);
              Collections.swap(settings.merges, one, settings.merges.size() - 1);
            }),
        tokenizer(
            "end of text dropped",
            "eos_token_id",
            (settings, random) -> settings.endStated = false),
        tokenizer(
            "type of a special token lost",
            "token_type",
            (settings, random) -> settings.endIsControl = false));
  }

  private static Fault template(String name, BiConsumer<Settings, Random> change) {
    return fault(name, Expected.field(TEMPLATE_MISMATCH, "chat_template"), change);
  }

  private static Fault tokenizer(String name, String field, BiConsumer<Settings, Random> change) {
    return fault(name, Expected.field(TOKENIZER_MISMATCH, field), change);
  }

  private static Fault fault(String name, Expected expected, BiConsumer<Settings, Random> change) {
    return Fault.plain(
        name,
        (draft, opposite, random) -> {
          if (!draft.settings().hasTokenizer()) {
            return null;
          }
          change.accept(draft.settings(), random);
          return expected;
        });
  }
}
