package dev.rosetta;

import dev.rosetta.model.Severity;
import dev.rosetta.tokenizer.TokenizerBattery.TextDifference;
import dev.rosetta.tokenizer.VocabularyDifference;
import dev.rosetta.tokenizer.VocabularyDifference.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What differs between two tokenizers, and what that makes.
 *
 * @param fields differences of the tables and rules, at least one
 * @param prompt the prompt's ids, if they differ
 * @param text the first text of the battery that the two tokenize differently
 */
record TokenizerFindings(
    List<VocabularyDifference> fields,
    Optional<VocabularyDifference> prompt,
    Optional<TextDifference> text) {

  /** A field that differs on both sides' word, or a text whose ids differ. */
  boolean areFaults() {
    return prompt.isPresent() || text.isPresent() || fields.stream().anyMatch(this::isStated);
  }

  private boolean isStated(VocabularyDifference difference) {
    return difference.kind() == Kind.DIFFERENT;
  }

  /** What to name: the field at fault, else the one that can make texts differ, else the ids. */
  private VocabularyDifference first() {
    return fields.stream()
        .filter(this::isStated)
        .findFirst()
        .or(() -> fields.stream().filter(d -> d.kind() == Kind.UNSTATED).findFirst())
        .or(() -> prompt)
        .orElse(fields.getFirst());
  }

  Diagnosis diagnosis() {
    VocabularyDifference first = first();
    List<VocabularyDifference> all = new ArrayList<>(fields);
    prompt.ifPresent(all::add);
    text.ifPresent(
        t -> all.add(new VocabularyDifference("text " + t.quoted(), t.a(), t.b(), Kind.DIFFERENT)));
    Map<String, Object> evidence = new LinkedHashMap<>();
    for (VocabularyDifference difference : all) {
      evidence.put(
          difference.field(), List.of(difference.a(), difference.b(), difference.kind().name()));
    }
    boolean fault = areFaults();
    return new Diagnosis(
        DiagnosisCode.TOKENIZER_MISMATCH,
        fault ? Severity.ERROR : Severity.INFO,
        first.field(),
        null,
        null,
        "tokenizers: %s is %s on side A, %s on side B%s"
            .formatted(first.field(), first.a(), first.b(), text.map(this::shown).orElse("")),
        fault
            ? "carry the tokenizer over unchanged: tokens, merges or scores, types, special ids"
            : "nothing to do",
        Proof.CONSISTENT,
        evidence);
  }

  private String shown(TextDifference difference) {
    return "; the text %s differs first at token %d: %s on side A, %s on side B"
        .formatted(difference.quoted(), difference.position(), difference.a(), difference.b());
  }
}
