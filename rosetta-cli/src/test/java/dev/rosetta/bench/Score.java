package dev.rosetta.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What a run of the bench came to. */
record Score(List<Outcome> faults, List<Outcome> controls) {

  private static double share(List<Outcome> outcomes, Predicate<Outcome> holds) {
    return outcomes.isEmpty()
        ? 1
        : outcomes.stream().filter(holds).count() / (double) outcomes.size();
  }

  double detection() {
    return share(faults, Outcome::detected);
  }

  long falseAlarms() {
    return controls.stream().filter(outcome -> !outcome.matched()).count();
  }

  double firstDiagnosis() {
    return share(faults, Outcome::named);
  }

  double subject() {
    return share(faults, outcome -> outcome.subject() && outcome.layer());
  }

  long wrongSides() {
    return faults.stream().filter(outcome -> !outcome.sideHolds()).count();
  }

  /** Pairs in which something is called proven that was not planted. */
  long wrongProofs() {
    return Stream.concat(faults.stream(), controls.stream())
        .filter(outcome -> !outcome.proofsHold())
        .count();
  }

  double proven() {
    return share(faults.stream().filter(Outcome::proofDue).toList(), Outcome::proven);
  }

  /** A row for each kind of fault, and the totals. */
  String table() {
    Map<String, List<Outcome>> byName = new LinkedHashMap<>();
    for (Outcome outcome : faults) {
      String name =
          outcome.expected().size() > 1
              ? outcome.expected().size() + " faults at once"
              : outcome.name();
      byName.computeIfAbsent(name, key -> new ArrayList<>()).add(outcome);
    }
    StringBuilder text =
        new StringBuilder(
                "| fault | n | detected | named | subject | layer | first point | proven |\n")
            .append("|---|---|---|---|---|---|---|---|\n");
    byName.forEach((name, outcomes) -> text.append(row(name, outcomes)));
    text.append(row("**all faults**", faults));
    Map<String, List<Outcome>> controlsByName = new LinkedHashMap<>();
    controls.forEach(
        outcome ->
            controlsByName.computeIfAbsent(outcome.name(), key -> new ArrayList<>()).add(outcome));
    text.append("\n| control | n | false alarms |\n|---|---|---|\n");
    controlsByName.forEach(
        (name, outcomes) ->
            text.append(
                "| %s | %d | %d |\n"
                    .formatted(
                        name,
                        outcomes.size(),
                        outcomes.stream().filter(outcome -> !outcome.matched()).count())));
    text.append("| **all controls** | %d | %d |\n".formatted(controls.size(), falseAlarms()));
    List<Double> seconds = new ArrayList<>();
    faults.forEach(outcome -> seconds.add(outcome.seconds()));
    controls.forEach(outcome -> seconds.add(outcome.seconds()));
    seconds.sort(null);
    return text.append(
            String.format(
                Locale.ROOT,
                "%nwrong sides: %d; wrong proofs: %d;"
                    + " seconds per pair: median %.3f, 99th percentile %.3f%n",
                wrongSides(),
                wrongProofs(),
                seconds.get(seconds.size() / 2),
                seconds.get(seconds.size() * 99 / 100)))
        .toString();
  }

  private static String row(String name, List<Outcome> outcomes) {
    return String.format(
        Locale.ROOT,
        "| %s | %d | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %s | %s |%n",
        name,
        outcomes.size(),
        100 * share(outcomes, Outcome::detected),
        100 * share(outcomes, Outcome::named),
        100 * share(outcomes, Outcome::subject),
        100 * share(outcomes, Outcome::layer),
        ofDue(outcomes, Outcome::pointDue, Outcome::point),
        ofDue(outcomes, Outcome::proofDue, Outcome::proven));
  }

  private static String ofDue(
      List<Outcome> outcomes, Predicate<Outcome> isDue, Predicate<Outcome> holds) {
    List<Outcome> due = outcomes.stream().filter(isDue).toList();
    return due.isEmpty() ? "–" : String.format(Locale.ROOT, "%.1f %%", 100 * share(due, holds));
  }

  /** One line for everything that went wrong. */
  String misses() {
    StringBuilder text = new StringBuilder();
    for (Outcome outcome : faults) {
      String what =
          !outcome.detected()
              ? "not detected"
              : !outcome.named()
                  ? "misnamed"
                  : !outcome.subject()
                      ? "wrong subject"
                      : !outcome.layer()
                          ? "wrong layer"
                          : !outcome.sideHolds()
                              ? "wrong side"
                              : !outcome.proofsHold()
                                  ? "wrong proof"
                                  : outcome.proofDue() && !outcome.proven()
                                      ? "not proven"
                                      : outcome.pointDue() && !outcome.point()
                                          ? "other first point " + outcome.firstPoint()
                                          : "";
      if (!what.isEmpty()) {
        text.append(what).append(": ").append(outcome.line()).append('\n');
      }
    }
    for (Outcome outcome : controls) {
      if (!outcome.matched() || !outcome.proofsHold()) {
        text.append("false alarm: ").append(outcome.line()).append('\n');
      }
    }
    return text.toString();
  }
}
