package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.tokenizer.TokenizerRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Both sides' chat templates against each other, by their text.
 *
 * @param check outcome for the report
 * @param diagnoses faults and notes
 */
record TemplateCheck(Check check, List<Diagnosis> diagnoses) {
  private static final String NAME = "chat template";
  private static final String SUBJECT = "chat_template";

  /** Characters of a template that a message shows around the first difference. */
  private static final int EXCERPT = 40;

  static TemplateCheck of(Vocabulary a, Vocabulary b) {
    String left = a.chatTemplate();
    String right = b.chatTemplate();
    if (left == null && right == null) {
      return new TemplateCheck(
          new Check(NAME, Outcome.NOT_RUN, "neither side carries one", false), List.of());
    }
    if (left == null || right == null) {
      String side = left == null ? "A" : "B";
      return fault(
          "the chat template is lost: side %s has none, side %s has one"
              .formatted(side, left == null ? "B" : "A"),
          "write the chat template into the file of side " + side,
          Map.of("a", stated(left), "b", stated(right)));
    }
    List<Diagnosis> notes = new ArrayList<>();
    if (!left.equals(right)) {
      if (!left.stripTrailing().equals(right.stripTrailing())) {
        return changed(left, right);
      }
      notes.add(
          diagnosis(
              Severity.INFO,
              "the chat templates differ in blanks or line breaks at their end alone",
              "nothing to do",
              Map.of()));
    }
    boolean twiceOnA = addsBos(a) && startsWithBos(left, a);
    boolean twiceOnB = addsBos(b) && startsWithBos(right, b);
    if (twiceOnA != twiceOnB) {
      String side = twiceOnA ? "A" : "B";
      return fault(
          "BOS comes twice on side %s: its chat template begins with it and add_bos_token adds it"
              .formatted(side),
          "state add_bos_token = false on side " + side + ", as the other side does",
          Map.of("a", String.valueOf(twiceOnA), "b", String.valueOf(twiceOnB)));
    }
    if (twiceOnA) {
      notes.add(
          diagnosis(
              Severity.WARNING,
              "BOS comes twice on both sides: the chat template begins with it and add_bos_token"
                  + " adds it",
              "tokenize what the template renders without special tokens of the tokenizer's own",
              Map.of()));
    }
    return new TemplateCheck(
        new Check(NAME, Outcome.PASSED, "the chat templates have the same text", false), notes);
  }

  private static TemplateCheck changed(String left, String right) {
    int at = 0;
    while (at < Math.min(left.length(), right.length()) && left.charAt(at) == right.charAt(at)) {
      at++;
    }
    return fault(
        "the chat templates differ from character %d: %s on side A, %s on side B; not rendered"
            .formatted(at, excerpt(left, at), excerpt(right, at)),
        "carry the chat template over unchanged",
        Map.of("position", at, "a", excerpt(left, at), "b", excerpt(right, at)));
  }

  /** Whether the first thing that the template writes is the BOS token. */
  private static boolean startsWithBos(String template, Vocabulary vocabulary) {
    String start = template.stripLeading();
    if (start.startsWith("{{")) {
      String expression = start.substring(2).replaceFirst("^-", "").stripLeading();
      return expression.matches("(?s)bos_token\\b.*");
    }
    String bos = bos(vocabulary);
    return bos != null && start.startsWith(bos);
  }

  private static @Nullable String bos(Vocabulary vocabulary) {
    return vocabulary.bos().isPresent()
        ? vocabulary.tokens().get(vocabulary.bos().getAsInt())
        : null;
  }

  private static boolean addsBos(Vocabulary vocabulary) {
    try {
      return TokenizerRules.of(vocabulary, Path.of("")).addBos();
    } catch (ModelException unusable) {
      return Boolean.TRUE.equals(vocabulary.addBos());
    }
  }

  private static String stated(@Nullable String template) {
    return template == null ? "not stated" : template.length() + " characters";
  }

  private static String excerpt(String template, int at) {
    int from = at;
    int to = Math.min(template.length(), from + EXCERPT);
    return '"' + template.substring(from, to).replace("\n", "\\n") + '"';
  }

  private static TemplateCheck fault(String message, String fix, Map<String, Object> evidence) {
    return new TemplateCheck(
        new Check(NAME, Outcome.FAILED, "the chat templates differ", false),
        List.of(diagnosis(Severity.ERROR, message, fix, evidence)));
  }

  private static Diagnosis diagnosis(
      Severity severity, String message, String fix, Map<String, Object> evidence) {
    return new Diagnosis(
        DiagnosisCode.TEMPLATE_MISMATCH,
        severity,
        SUBJECT,
        null,
        null,
        message,
        fix,
        Proof.CONSISTENT,
        evidence);
  }
}
