package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.normalize.Weight;
import java.util.List;
import java.util.Map;

/**
 * Why a weight differs.
 *
 * @param code the fault class
 * @param words what is wrong with it, to follow the tensor's name
 * @param fix what to do, one line
 * @param repairs the weight put right, and others that the same cause concerns; empty where the
 *     lost values cannot be restored
 * @param reproductions the other side's weight with the same damage done to it, where nothing can
 *     undo the damage: what a proof runs instead of a repair
 * @param evidence numbers behind it
 * @param told whether the values themselves show that this side is the wrong one
 */
record Explanation(
    DiagnosisCode code,
    String words,
    String fix,
    List<Weight> repairs,
    List<Weight> reproductions,
    Map<String, Object> evidence,
    boolean told) {

  static Explanation of(DiagnosisCode code, String words, String fix, Weight repaired) {
    return new Explanation(code, words, fix, List.of(repaired), List.of(), Map.of(), false);
  }

  /** The same fault, but nothing that was stored can undo it. */
  static Explanation lossy(DiagnosisCode code, String words, String fix) {
    return new Explanation(code, words, fix, List.of(), List.of(), Map.of(), false);
  }

  /** The loss is proven by what it does to the other side's weight. */
  Explanation reproducedBy(Weight damaged) {
    return new Explanation(code, words, fix, repairs, List.of(damaged), evidence, told);
  }

  /** The lost values can be taken from the other side; the rest must agree for a proof. */
  Explanation filledBy(Weight filled) {
    return new Explanation(code, words, fix, List.of(filled), reproductions, evidence, told);
  }

  Explanation withEvidence(Map<String, Object> numbers) {
    return new Explanation(code, words, fix, repairs, reproductions, numbers, told);
  }

  /** The values show which side is wrong. */
  Explanation onThisSide() {
    return new Explanation(code, words, fix, repairs, reproductions, evidence, true);
  }
}
