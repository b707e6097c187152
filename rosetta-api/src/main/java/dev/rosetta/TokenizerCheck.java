package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.model.ErrorCode;
import dev.rosetta.model.ModelException;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.tokenizer.Tokenizer;
import dev.rosetta.tokenizer.TokenizerBattery;
import dev.rosetta.tokenizer.TokenizerComparison;
import dev.rosetta.tokenizer.VocabularyDifference;
import dev.rosetta.tokenizer.VocabularyDifference.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Both sides' tokenizers and chat templates against each other, and the ids that the run uses.
 *
 * @param prompt the prompt's text, or null if it is not text
 * @param ids what both sides run on
 * @param checks outcome for the report
 * @param diagnoses faults and notes
 */
record TokenizerCheck(
    @Nullable String prompt,
    int[] ids,
    List<Check> checks,
    List<Diagnosis> diagnoses,
    @Nullable Vocabulary vocabulary,
    Path source) {

  static TokenizerCheck of(Model a, Model b, ComparisonRequest request) {
    Optional<Vocabulary> left = a.source().vocabulary();
    Optional<Vocabulary> right = b.source().vocabulary();
    List<Check> checks = new ArrayList<>();
    List<Diagnosis> diagnoses = new ArrayList<>();
    String prompt = null;
    int[] ids;
    if (left.isPresent() && right.isPresent()) {
      Pair pair = new Pair(left.get(), right.get(), a.source().path(), b.source().path());
      if (request.tokens() != null) {
        ids = Prompts.toArray(request.tokens());
      } else {
        prompt = Prompts.text(request.prompt());
        ids = pair.promptIds(prompt, request.bos(), checks);
      }
      pair.compare(checks).ifPresent(diagnoses::add);
      TemplateCheck templates = TemplateCheck.of(left.get(), right.get());
      checks.add(templates.check());
      diagnoses.addAll(templates.diagnoses());
    } else {
      Optional<Vocabulary> only = left.or(() -> right);
      if (request.tokens() != null) {
        ids = Prompts.toArray(request.tokens());
      } else if (only.isPresent()) {
        prompt = Prompts.text(request.prompt());
        Path path = left.isPresent() ? a.source().path() : b.source().path();
        ids = Prompts.encode(only.get(), path, prompt, request.bos());
      } else if (request.prompt() != null) {
        throw Prompts.noTokenizer(a.source().path());
      } else {
        ids = Prompts.builtIn(Math.min(a.config().vocabSize(), b.config().vocabSize()));
        checks.add(
            new Check(
                "prompt",
                Outcome.PASSED,
                "no file carries a tokenizer: built-in token ids",
                false));
      }
      checks.add(absent(left.isPresent(), right.isPresent()));
    }
    return new TokenizerCheck(
        prompt, ids, checks, diagnoses, left.or(() -> right).orElse(null), a.source().path());
  }

  private static Check absent(boolean onA, boolean onB) {
    String who = onA ? "side B carries" : onB ? "side A carries" : "neither side carries";
    String none = onA || onB ? " no tokenizer" : " a tokenizer";
    String templates = onA || onB ? ", so chat templates are not compared either" : "";
    return new Check("tokenizer", Outcome.NOT_RUN, who + none + templates, false);
  }

  /** Two vocabularies, each made into a tokenizer once and only where it is needed. */
  private static final class Pair {
    private final Vocabulary left;
    private final Vocabulary right;
    private final Path leftPath;
    private final Path rightPath;
    private final List<VocabularyDifference> differences;
    private @Nullable Tokenizer tokenizerA;
    private @Nullable Tokenizer tokenizerB;
    private Optional<VocabularyDifference> promptDifference = Optional.empty();

    Pair(Vocabulary left, Vocabulary right, Path leftPath, Path rightPath) {
      this.left = left;
      this.right = right;
      this.leftPath = leftPath;
      this.rightPath = rightPath;
      this.differences = left.equals(right) ? List.of() : TokenizerComparison.compare(left, right);
    }

    private Tokenizer a() {
      if (tokenizerA == null) {
        tokenizerA = Tokenizer.of(left, leftPath);
      }
      return tokenizerA;
    }

    private Tokenizer b() {
      if (tokenizerB == null) {
        tokenizerB = Tokenizer.of(right, rightPath);
      }
      return tokenizerB;
    }

    /**
     * The prompt's ids by side A, or by side B where A's tokenizer cannot be run.
     *
     * @throws ModelException if neither can be run
     */
    int[] promptIds(String prompt, ComparisonRequest.Bos bos, List<Check> checks) {
      int[] ids;
      try {
        ids = Prompts.encode(a(), prompt, bos);
      } catch (ModelException unusable) {
        return fallback(() -> Prompts.encode(b(), prompt, bos), unusable, "A", "B", checks);
      }
      if (differences.isEmpty()) {
        checks.add(sameIds()); // Equal tables under equal rules give equal ids.
        return ids;
      }
      int[] other;
      try {
        other = Prompts.encode(b(), prompt, bos);
      } catch (ModelException unusable) {
        return fallback(() -> ids, unusable, "B", "A", checks);
      }
      if (Arrays.equals(ids, other)) {
        checks.add(sameIds());
      } else {
        promptDifference =
            Optional.of(
                new VocabularyDifference(
                    "token ids", Arrays.toString(ids), Arrays.toString(other), Kind.DIFFERENT));
      }
      return ids;
    }

    /** A tokenizer of an unsupported kind is no fault; a malformed one leaves a gap. */
    private static int[] fallback(
        Supplier<int[]> ids,
        ModelException unusable,
        String side,
        String other,
        List<Check> checks) {
      int[] found;
      try {
        found = ids.get();
      } catch (ModelException neither) {
        throw unusable;
      }
      checks.add(
          new Check(
              "token ids",
              Outcome.NOT_RUN,
              "side %s: %s; both sides run on side %s's ids"
                  .formatted(side, unusable.getMessage(), other),
              unusable.code() != ErrorCode.UNSUPPORTED_TOKENIZER));
      return found;
    }

    private static Check sameIds() {
      return new Check("token ids", Outcome.PASSED, "the prompt has the same ids", false);
    }

    /** The tables, and then, where they differ at all, the battery of texts. */
    Optional<Diagnosis> compare(List<Check> checks) {
      if (differences.isEmpty()) {
        checks.add(new Check("tokenizer", Outcome.PASSED, "the tokenizers agree", true));
        return Optional.empty();
      }
      List<String> texts = TokenizerBattery.texts(left, right);
      Optional<TokenizerBattery.TextDifference> text = Optional.empty();
      String unrun = null;
      try {
        text = TokenizerBattery.compare(a(), b(), texts);
      } catch (ModelException unusable) {
        unrun = unusable.getMessage();
      }
      TokenizerFindings findings = new TokenizerFindings(differences, promptDifference, text);
      checks.add(
          new Check(
              "tokenizer",
              findings.areFaults() ? Outcome.FAILED : Outcome.PASSED,
              findings.areFaults()
                  ? "the tokenizers differ"
                  : unrun != null
                      ? "their tables agree; no text was tokenized by both: " + unrun
                      : "the tokenizers agree, on %d texts, too".formatted(texts.size()),
              true));
      return Optional.of(findings.diagnosis());
    }
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
