package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Severity;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.tokenizer.Tokenizer;
import dev.rosetta.tokenizer.TokenizerComparison;
import dev.rosetta.tokenizer.VocabularyDifference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Both sides' tokenizers against each other, and the ids that the run uses.
 *
 * @param prompt the prompt's text, or null if it is not text
 * @param ids what both sides run on
 * @param checks outcome for the report
 * @param diagnosis the fault, if there is one
 */
record TokenizerCheck(
    @Nullable String prompt,
    int[] ids,
    List<Check> checks,
    Optional<Diagnosis> diagnosis,
    @Nullable Vocabulary vocabulary,
    Path source) {

  static TokenizerCheck of(Model a, Model b, ComparisonRequest request) {
    Optional<Vocabulary> left = a.source().vocabulary();
    Optional<Vocabulary> right = b.source().vocabulary();
    List<Check> checks = new ArrayList<>();
    List<VocabularyDifference> differences = new ArrayList<>();
    boolean equal = left.equals(right);
    if (left.isPresent() && right.isPresent() && !equal) {
      differences.addAll(TokenizerComparison.compare(left.get(), right.get()));
    }
    int[] ids;
    String prompt = null;
    if (request.tokens() != null) {
      ids = Prompts.toArray(request.tokens());
    } else if (left.isPresent() || right.isPresent()) {
      prompt = Prompts.text(request.prompt());
      Path path = left.isPresent() ? a.source().path() : b.source().path();
      ids = Prompts.encode(left.or(() -> right).orElseThrow(), path, prompt, request.bos());
      if (left.isPresent() && equal) {
        checks.add(sameIds());
      } else if (left.isPresent() && right.isPresent()) {
        promptIds(right.get(), b, prompt, ids, request, differences, checks);
      }
    } else if (request.prompt() != null) {
      throw Prompts.noTokenizer(a.source().path());
    } else {
      ids = Prompts.builtIn(Math.min(a.config().vocabSize(), b.config().vocabSize()));
      checks.add(
          new Check(
              "prompt", Outcome.PASSED, "no file carries a tokenizer: built-in token ids", false));
    }
    boolean different =
        differences.stream().anyMatch(d -> d.kind() == VocabularyDifference.Kind.DIFFERENT);
    checks.add(tokenizerCheck(left.isPresent(), right.isPresent(), different));
    return new TokenizerCheck(
        prompt,
        ids,
        checks,
        differences.isEmpty() ? Optional.empty() : Optional.of(diagnose(differences, different)),
        left.or(() -> right).orElse(null),
        a.source().path());
  }

  /** The ids of a prompt that side A has tokenized, by side B's tokenizer. */
  private static void promptIds(
      Vocabulary right,
      Model b,
      String prompt,
      int[] ids,
      ComparisonRequest request,
      List<VocabularyDifference> differences,
      List<Check> checks) {
    int[] other;
    try {
      other = Prompts.encode(right, b.source().path(), prompt, request.bos());
    } catch (ModelException e) {
      checks.add(new Check("token ids", Outcome.NOT_RUN, "side B: " + e.getMessage(), true));
      return;
    }
    if (Arrays.equals(ids, other)) {
      checks.add(sameIds());
      return;
    }
    differences.addFirst(
        new VocabularyDifference(
            "token ids",
            Arrays.toString(ids),
            Arrays.toString(other),
            VocabularyDifference.Kind.DIFFERENT));
  }

  private static Check sameIds() {
    return new Check("token ids", Outcome.PASSED, "the prompt has the same ids", false);
  }

  private static Check tokenizerCheck(boolean onA, boolean onB, boolean different) {
    if (onA && onB) {
      return new Check(
          "tokenizer",
          different ? Outcome.FAILED : Outcome.PASSED,
          different ? "the tokenizers differ" : "the tokenizers agree",
          true);
    }
    String who = onA ? "side B carries" : onB ? "side A carries" : "neither side carries";
    String none = onA || onB ? " no tokenizer" : " a tokenizer";
    return new Check("tokenizer", Outcome.NOT_RUN, who + none, false);
  }

  private static Diagnosis diagnose(List<VocabularyDifference> differences, boolean different) {
    VocabularyDifference first =
        differences.stream()
            .filter(d -> !different || d.kind() == VocabularyDifference.Kind.DIFFERENT)
            .findFirst()
            .orElseThrow();
    Map<String, Object> evidence = new LinkedHashMap<>();
    for (VocabularyDifference difference : differences) {
      evidence.put(
          difference.field(), List.of(difference.a(), difference.b(), difference.kind().name()));
    }
    return new Diagnosis(
        DiagnosisCode.TOKENIZER_MISMATCH,
        different ? Severity.ERROR : Severity.INFO,
        first.field(),
        null,
        null,
        "tokenizers: "
            + first.field()
            + " is "
            + first.a()
            + " on side A, "
            + first.b()
            + " on side B",
        different
            ? "carry the tokenizer over unchanged: tokens, merges or scores, types, special ids"
            : "nothing to do",
        Proof.CONSISTENT,
        evidence);
  }

  List<Integer> idList() {
    return Arrays.stream(ids).boxed().toList();
  }

  /** The vocabulary's spelling of token {@code id}; its number where there is none. */
  String piece(int id) {
    return vocabulary != null && id < vocabulary.tokens().size()
        ? vocabulary.tokens().get(id)
        : "#" + id;
  }

  /** The text of {@code ids}, or their numbers where no tokenizer can say. */
  String text(List<Integer> generated) {
    if (vocabulary == null) {
      return generated.toString();
    }
    try {
      return Tokenizer.of(vocabulary, source)
          .decode(generated.stream().mapToInt(Integer::intValue).toArray());
    } catch (ModelException unsupported) {
      return generated.toString();
    }
  }
}
