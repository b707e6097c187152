package dev.rosetta;

import dev.rosetta.ComparisonReport.Check;
import dev.rosetta.ComparisonReport.Check.Outcome;
import dev.rosetta.compare.SameWeights;
import dev.rosetta.compare.SameWeights.Effect;
import dev.rosetta.engine.Engine;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.ConfigValue.Origin;
import dev.rosetta.model.Severity;
import dev.rosetta.normalize.Model;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The check "same weights": whether the two configs are one function, told apart from the noise of
 * element types by running both on side A's weights.
 *
 * @param check what it showed, or why it was not run
 * @param diagnoses the diagnoses, those of config fields with what their field does by itself
 */
record SameWeightsCheck(Check check, List<Diagnosis> diagnoses) {
  SameWeightsCheck {
    diagnoses = List.copyOf(diagnoses);
  }

  private static final String NAME = "same weights";

  /** Settings that models of these families are trained with, to try where no file states one. */
  private static final Map<ConfigField, List<Double>> USUAL =
      Map.of(
          ConfigField.ROPE_THETA, List.of(1e4, 1e6),
          ConfigField.RMS_NORM_EPS, List.of(1e-5, 1e-6));

  /** Why a request for it cannot be met; empty if it can. */
  static Optional<String> obstacle(Model a, Model b) {
    return SameWeights.obstacle(a, b)
        .map(
            reason ->
                "the weights of side A do not fit the graph of side B, so that --same-weights"
                    + " cannot be met: "
                    + reason);
  }

  /**
   * Runs it where the config differs, where a point differs that nothing explains, or on request.
   * Empty where nothing asks for it.
   */
  static Optional<SameWeightsCheck> run(
      Model a,
      Model b,
      ComparisonRequest request,
      int[] tokens,
      Engine engine,
      List<ConfigComparison> config,
      List<Diagnosis> diagnoses) {
    boolean wanted =
        request.sameWeights()
            || request.proof() && diagnoses.stream().anyMatch(SameWeightsCheck::isInQuestion);
    if (!wanted || !request.forwardPass()) {
      return Optional.empty();
    }
    Optional<String> obstacle = SameWeights.obstacle(a, b);
    if (obstacle.isPresent()) {
      return Optional.of(
          new SameWeightsCheck(new Check(NAME, Outcome.NOT_RUN, obstacle.get(), false), diagnoses));
    }
    SameWeights same = new SameWeights(a, b, tokens, engine);
    Map<ConfigField, Effect> effects = same.effects(config);
    List<Diagnosis> told = new ArrayList<>();
    for (Diagnosis diagnosis : diagnoses) {
      told.add(
          effects.entrySet().stream()
              .filter(effect -> isOf(diagnosis, effect.getKey()))
              .findFirst()
              .map(effect -> with(diagnosis, effect.getValue(), tokens.length))
              .orElse(diagnosis));
    }
    if (request.sameWeights()) {
      told.addAll(doubts(same, config));
    }
    return Optional.of(new SameWeightsCheck(check(same.effect(), effects), told));
  }

  /** A config field that differs, or a point that nothing explains. */
  private static boolean isInQuestion(Diagnosis diagnosis) {
    return diagnosis.severity() == Severity.ERROR
        && (diagnosis.code() == DiagnosisCode.CONFIG_MISMATCH
            || diagnosis.code() == DiagnosisCode.UNEXPLAINED);
  }

  private static boolean isOf(Diagnosis diagnosis, ConfigField field) {
    return diagnosis.code() == DiagnosisCode.CONFIG_MISMATCH
        && diagnosis.severity() == Severity.ERROR
        && field.label().equals(diagnosis.subject());
  }

  private static Check check(Effect all, Map<ConfigField, Effect> effects) {
    if (all.parting() == 0 && all.lost() > 0) {
      return new Check(
          NAME,
          Outcome.NOT_RUN,
          all.lost() + " operations hold values that are NaN or infinite with side A's weights",
          false);
    }
    if (all.parting() == 0) {
      return new Check(
          NAME,
          Outcome.PASSED,
          effects.isEmpty()
              ? "with side A's weights both graphs agree bit for bit: no difference comes from the"
                  + " config"
              : "with side A's weights both graphs agree bit for bit on this prompt",
          false);
    }
    return new Check(
        NAME,
        Outcome.FAILED,
        "with side A's weights in both graphs " + words(all) + ": the config does that",
        false);
  }

  /** A field without effect on this prompt may have one on a longer one: not proven. */
  private static Diagnosis with(Diagnosis diagnosis, Effect effect, int tokens) {
    Map<String, Object> evidence = new LinkedHashMap<>(diagnosis.evidence());
    evidence.put("sameWeightsParting", effect.parting());
    evidence.put("sameWeightsRelL2", effect.relL2());
    if (!Double.isNaN(effect.kl())) {
      evidence.put("sameWeightsKl", effect.kl());
    }
    String more =
        effect.parting() == 0
            ? "; on these "
                + tokens
                + " tokens it makes no difference"
                + (effect.lost() > 0 ? " where the activations are finite" : "")
            : "; with side A's weights in both graphs this alone makes that " + words(effect);
    return new Diagnosis(
        diagnosis.code(),
        diagnosis.severity(),
        diagnosis.subject(),
        diagnosis.layer(),
        diagnosis.side(),
        diagnosis.message() + more,
        diagnosis.fix(),
        effect.parting() == 0 ? Proof.CONSISTENT : Proof.PROVEN,
        evidence);
  }

  private static String words(Effect effect) {
    return String.format(
        Locale.ROOT,
        "%d operations part, first %s, by up to %.2g of their size%s",
        effect.parting(),
        effect.first(),
        effect.relL2(),
        Double.isNaN(effect.kl())
            ? ""
            : String.format(Locale.ROOT, ", and the predictions by KL=%.2g", effect.kl()));
  }

  /**
   * Fields that neither file states: their agreement is an assumption, and this is what it costs.
   */
  private static List<Diagnosis> doubts(SameWeights same, List<ConfigComparison> config) {
    List<Diagnosis> doubts = new ArrayList<>();
    for (ConfigComparison field : config) {
      if (field.a().origin() != Origin.DEFAULT || field.b().origin() != Origin.DEFAULT) {
        continue;
      }
      for (double usual : USUAL.getOrDefault(field.field(), List.of())) {
        Effect effect = effect(same, field, usual);
        if (effect != null) {
          doubts.add(doubt(field, usual, effect));
        }
      }
    }
    return doubts;
  }

  private static @Nullable Effect effect(SameWeights same, ConfigComparison field, double usual) {
    ConfigValue value = new ConfigValue(usual, Origin.DEFAULT, "tried");
    return field.a().value().equals(usual) ? null : same.effect(field.field(), value);
  }

  private static Diagnosis doubt(ConfigComparison field, double usual, Effect effect) {
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("assumed", field.a().value().toString());
    evidence.put("tried", usual);
    evidence.put("relL2", effect.relL2());
    return new Diagnosis(
        DiagnosisCode.CONFIG_MISMATCH,
        Severity.INFO,
        field.field().label(),
        null,
        null,
        "neither file states "
            + field.field().label()
            + ", both sides ran with the default "
            + field.a().value()
            + "; if the model was trained with "
            + usual
            + ", "
            + words(effect),
        "state " + field.field().label() + " in both files",
        Proof.HINT,
        evidence);
  }
}
