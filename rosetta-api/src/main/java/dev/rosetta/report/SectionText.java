package dev.rosetta.report;

import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.PointComparison.Status;
import dev.rosetta.Side;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.Severity;
import dev.rosetta.report.Palette.Tone;
import dev.rosetta.report.TextReport.Detail;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Writes one section of the text report. */
final class SectionText {
  private final Lines lines;
  private final SideNames names;
  private final Detail detail;

  SectionText(Lines lines, SideNames names, Detail detail) {
    this.lines = lines;
    this.names = names;
    this.detail = detail;
  }

  /** Layers that follow each other and have the same to say are one line. */
  void write(List<Section> sections) {
    int from = 0;
    while (from < sections.size()) {
      int to = from + 1;
      while (detail == Detail.BRIEF
          && to < sections.size()
          && sections.get(to - 1).isContinuedBy(sections.get(to))) {
        to++;
      }
      if (to - from > 1) {
        writeRange(sections.subList(from, to));
      } else {
        write(sections.get(from));
      }
      from = to;
    }
  }

  private void writeRange(List<Section> layers) {
    String heading =
        "=== Layers %d–%d === ".formatted(layers.getFirst().layer(), layers.getLast().layer());
    Optional<String> obstacle = layers.getFirst().obstacle();
    if (obstacle.isPresent()) {
      String points = NumberText.count(layers.getFirst().points(), "point");
      lines.add(Tone.WARNING, heading + points + " each, ⚠️ not compared: " + obstacle.get());
      return;
    }
    List<Operation> all =
        layers.stream().flatMap(section -> section.operations().stream()).toList();
    lines.add(heading + agreement(all, layers.size()));
  }

  private void write(Section section) {
    String heading = "=== " + section.title() + " ===";
    boolean embedding = section.title().equals("Embedding");
    if (detail == Detail.BRIEF && section.isClean() && !embedding) {
      lines.add(heading + " " + agreement(section.operations(), 1));
      return;
    }
    lines.add(Tone.HEADING, heading);
    List<Operation> matching = new ArrayList<>();
    Map<String, List<String>> skipped = new LinkedHashMap<>();
    for (Operation operation : section.operations()) {
      boolean told = detail == Detail.EVERY_POINT || embedding;
      boolean diagnosed = section.diagnoses().stream().anyMatch(operation::isSubjectOf);
      Optional<String> obstacle = operation.obstacle();
      if (obstacle.isPresent() && !told && !diagnosed) {
        skipped.computeIfAbsent(obstacle.get(), r -> new ArrayList<>()).add(operation.label());
      } else if (told || diagnosed || operation.isFaulty()) {
        write(operation, section.diagnoses());
      } else {
        matching.add(operation);
      }
    }
    skipped.forEach(
        (reason, labels) ->
            lines.add(
                Tone.WARNING, "⚠️ " + String.join(", ", labels) + " not compared: " + reason));
    if (!matching.isEmpty()) {
      lines.add("The rest: " + agreement(matching, 1));
    }
    for (Diagnosis diagnosis : section.diagnoses()) {
      write(diagnosis, section.operation(diagnosis));
    }
  }

  /** A diagnosis that belongs to no operation. */
  void write(Diagnosis diagnosis) {
    write(diagnosis, Optional.empty());
  }

  private void write(Diagnosis diagnosis, Optional<Operation> operation) {
    Optional<String> headline = operation.flatMap(at -> headline(diagnosis, at));
    switch (diagnosis.severity()) {
      case ERROR -> lines.add(Tone.BAD, "DIAGNOSIS: " + headline.orElse(diagnosis.message()));
      case WARNING -> lines.add(Tone.WARNING, "⚠️ WARNING: " + diagnosis.message());
      case INFO -> lines.add("NOTE: " + diagnosis.message());
    }
    if (diagnosis.severity() == Severity.ERROR && headline.isPresent()) {
      lines.add("  " + diagnosis.message());
    }
    if (!diagnosis.fix().isBlank()) {
      lines.add("  What to do: " + diagnosis.fix());
    }
    lines.add("  (" + CauseWords.label(diagnosis) + ")");
    if (detail == Detail.EVERY_POINT) {
      for (Map.Entry<String, Object> entry : diagnosis.evidence().entrySet()) {
        lines.add("  " + entry.getKey() + ": " + entry.getValue());
      }
    }
  }

  /** The transposed weight in one phrase, where the side at fault is known. */
  private Optional<String> headline(Diagnosis diagnosis, Operation operation) {
    Side side = diagnosis.side();
    return side != null && diagnosis.code() == DiagnosisCode.WEIGHT_TRANSPOSED
        ? Optional.of(
            names.of(side) + " " + operation.label() + " weight needs transpose (GGML convention)")
        : Optional.empty();
  }

  /**
   * {@code 17 points, max_diff=0, mean_diff=0 ✓}, or the number of weights where nothing was run.
   *
   * @param layers number of layers that the operations belong to, each with as many
   */
  private static String agreement(List<Operation> operations, int layers) {
    double max = 0;
    double mean = 0;
    int points = 0;
    int measured = 0;
    int tensors = 0;
    boolean noise = false;
    for (Operation operation : operations) {
      for (PointComparison point : operation.points()) {
        Difference difference = TextReport.judged(point);
        points++;
        noise |= point.status() == Status.NOISE;
        if (difference != null) {
          measured++;
          max = Math.max(max, difference.maxDiff());
          mean = Math.max(mean, difference.meanDiff());
        }
      }
      tensors += operation.tensors().size();
      noise |= operation.tensors().stream().anyMatch(t -> t.status() == Status.NOISE);
    }
    String within = noise ? " ✓ (numerical noise)" : " ✓";
    String count =
        (points > 0
                ? NumberText.count(points / layers, "point")
                : NumberText.count(tensors / layers, "weight"))
            + (layers > 1 ? " each, all agree" : "");
    return measured == 0
        ? count + within
        : String.format(
            Locale.ROOT,
            "%s, max_diff=%s, mean_diff=%s%s",
            count,
            NumberText.of(max),
            NumberText.of(mean),
            within);
  }

  private void write(Operation operation, List<Diagnosis> diagnoses) {
    List<Diagnosis> own = diagnoses.stream().filter(operation::isSubjectOf).toList();
    boolean embedding = operation.label().equals("EMBEDDING");
    if (embedding && !operation.points().isEmpty()) {
      activationDims(operation.points().getFirst());
    }
    if (!embedding || operation.isFaulty() || !own.isEmpty()) {
      weightDims(operation, own);
    }
    operation.worst().ifPresent(worst -> diverged(operation.label(), worst, embedding));
    for (PointComparison point : operation.points()) {
      switch (point.status()) {
        case DIVERGED -> {}
        case SKIPPED ->
            lines.add(
                Tone.WARNING,
                "⚠️ " + Operation.label(point.point()) + " not compared: " + point.reason());
        case OK, NOISE -> matched(point, embedding);
      }
    }
    for (TensorComparison tensor : operation.tensors()) {
      weight(tensor, operation.diverges());
    }
  }

  private void activationDims(PointComparison point) {
    boolean equal = !point.dimsA().isEmpty() && point.dimsA().equals(point.dimsB());
    lines.add(dims(point.dimsA(), point.dimsB()) + (equal ? " ✓" : " ✗"));
  }

  private String dims(List<?> a, List<?> b) {
    return String.format(
        Locale.ROOT,
        "%s dims: %s, %s dims: %s",
        names.a(),
        a.isEmpty() ? "none" : a,
        names.b(),
        b.isEmpty() ? "none" : b);
  }

  /**
   * The dims of the weight as both files store them, and how they are laid out where that matters.
   */
  private void weightDims(Operation operation, List<Diagnosis> diagnoses) {
    Optional<StoredDims> stored = StoredDims.of(operation);
    if (stored.isEmpty()) {
      return;
    }
    StoredDims weight = stored.get();
    Optional<Diagnosis> layout =
        diagnoses.stream().filter(diagnosis -> isLayout(diagnosis.code())).findFirst();
    boolean equal = weight.a().equals(weight.b()) && layout.isEmpty();
    lines.add(
        operation.label()
            + " "
            + dims(weight.a(), weight.b())
            + (equal && !operation.isFaulty() ? " ✓" : ""));
    if (layout.isPresent()) {
      boolean benign = layout.get().code() == DiagnosisCode.DIMS_REVERSED;
      String orders = weight.orders(names, layout.get().side());
      lines.add(
          Tone.WARNING,
          benign
              ? "⚠️ dims are listed in another order, the data is the same: " + orders
              : "⚠️ LAYOUT MISMATCH: " + orders);
    }
  }

  private static boolean isLayout(DiagnosisCode code) {
    return code == DiagnosisCode.WEIGHT_TRANSPOSED
        || code == DiagnosisCode.WEIGHT_RESHAPED
        || code == DiagnosisCode.DIMS_REVERSED;
  }

  private void diverged(String label, PointComparison point, boolean embedding) {
    Difference difference = TextReport.judged(point);
    if (difference == null) {
      lines.add(label + " ✗ DIVERGENCE! " + point.reason());
      return;
    }
    lines.add(
        (embedding ? "" : label + " ")
            + "max_diff="
            + NumberText.of(difference.maxDiff())
            + " ✗ DIVERGENCE!");
    lines.add(
        String.format(
            Locale.ROOT,
            "  largest in %s at token %d, channel %d: %s=%s, %s=%s; mean_diff=%s, rel_l2=%s, %s",
            point.point().name(),
            difference.token(),
            difference.index(),
            names.a(),
            NumberText.of(difference.a(), 6),
            names.b(),
            NumberText.of(difference.b(), 6),
            NumberText.of(difference.meanDiff()),
            NumberText.of(difference.relL2()),
            tolerance(point)));
  }

  private static String tolerance(PointComparison point) {
    return (point.relativeTolerance() ? "tolerance on rel_l2 " : "tolerance ")
        + NumberText.of(point.tolerance());
  }

  private void matched(PointComparison point, boolean embedding) {
    Difference difference = TextReport.judged(point);
    String noise = point.status() == Status.NOISE ? " (numerical noise)" : "";
    String label = embedding ? "" : Operation.label(point.point()) + " ";
    if (difference == null) {
      lines.add(label + "matches ✓ " + point.reason());
      return;
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "%smax_diff=%s, mean_diff=%s ✓%s",
            label,
            NumberText.of(difference.maxDiff()),
            NumberText.of(difference.meanDiff()),
            noise));
    if (detail == Detail.EVERY_POINT) {
      lines.add(
          "  rel_l2="
              + NumberText.of(difference.relL2())
              + ", "
              + tolerance(point)
              + excess(point)
              + why(point));
    }
  }

  private static String excess(PointComparison point) {
    return Double.isNaN(point.excess())
        ? ""
        : ", " + NumberText.of(point.excess(), 3) + " times the predicted noise";
  }

  private static String why(PointComparison point) {
    return point.reason().isBlank() ? "" : ": " + point.reason();
  }

  private void weight(TensorComparison tensor, boolean pointDiverges) {
    String subject = tensor.role().toString();
    if (tensor.status() == Status.SKIPPED) {
      lines.add(Tone.WARNING, "⚠️ " + subject + " not compared: " + tensor.reason());
    } else if (tensor.status() == Status.DIVERGED && !pointDiverges) {
      lines.add(subject + " differs: " + tensor.reason() + " ✗");
    } else if (detail == Detail.EVERY_POINT) {
      String mark = tensor.status() == Status.DIVERGED ? " ✗" : " ✓";
      lines.add("  " + subject + " " + types(tensor) + ": " + tensor.reason() + mark);
    }
  }

  private static String types(TensorComparison tensor) {
    return tensor.typeA() == tensor.typeB()
        ? String.valueOf(tensor.typeA())
        : tensor.typeA() + " against " + tensor.typeB();
  }
}
