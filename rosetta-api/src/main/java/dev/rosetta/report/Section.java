package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.Diagnosis;
import dev.rosetta.PointComparison;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.TensorRole;
import dev.rosetta.trace.CapturePoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * A part of the text report: the embedding, one layer, or the output.
 *
 * @param title {@code Layer 0}
 * @param layer its 0-based number; -1 for what comes before or after the layers
 * @param operations its operations in forward-pass order
 * @param diagnoses what was diagnosed here
 */
record Section(String title, int layer, List<Operation> operations, List<Diagnosis> diagnoses) {

  /** The report's sections in forward-pass order; empty ones are left out. */
  static List<Section> of(ComparisonReport report) {
    List<Section> sections = new ArrayList<>();
    add(sections, "Embedding", report, Stage.BEFORE, -1);
    TreeSet<Integer> layers = new TreeSet<>();
    report.points().forEach(point -> layers.add(point.point().layer()));
    report.tensors().forEach(tensor -> layers.add(tensor.role().layer()));
    for (Diagnosis diagnosis : report.diagnoses()) {
      Integer layer = diagnosis.layer();
      if (layer != null) {
        layers.add(layer);
      }
    }
    for (int layer : layers.tailSet(0)) {
      add(sections, "Layer " + layer, report, Stage.LAYER, layer);
    }
    add(sections, "Output", report, Stage.AFTER, -1);
    return sections;
  }

  /** Diagnoses that belong to no section: of a file, the config or the tokenizer. */
  static List<Diagnosis> elsewhere(ComparisonReport report, List<Section> sections) {
    return report.diagnoses().stream()
        .filter(diagnosis -> sections.stream().noneMatch(s -> s.diagnoses.contains(diagnosis)))
        .toList();
  }

  private static void add(
      List<Section> sections, String title, ComparisonReport report, Stage stage, int layer) {
    List<PointComparison> points =
        report.points().stream()
            .filter(point -> Stage.of(point.point()) == stage && point.point().layer() == layer)
            .toList();
    List<TensorComparison> tensors =
        report.tensors().stream()
            .filter(tensor -> Stage.of(tensor.role()) == stage && tensor.role().layer() == layer)
            .toList();
    List<Diagnosis> diagnoses =
        report.diagnoses().stream().filter(diagnosis -> belongs(diagnosis, stage, layer)).toList();
    if (!points.isEmpty() || !tensors.isEmpty() || !diagnoses.isEmpty()) {
      sections.add(new Section(title, layer, Operation.of(points, tensors), diagnoses));
    }
  }

  private static boolean belongs(Diagnosis diagnosis, Stage stage, int layer) {
    Integer own = diagnosis.layer();
    if (own != null) {
      return stage == Stage.LAYER && own == layer;
    }
    String subject = diagnosis.subject();
    if (subject == null || stage == Stage.LAYER) {
      return false;
    }
    Optional<Stage> named =
        TensorRole.parse(subject)
            .map(Stage::of)
            .or(() -> CapturePoint.parse(subject).map(Stage::of));
    return named.isPresent() && named.get() == stage;
  }

  /** The operation that a diagnosis is about. */
  Optional<Operation> operation(Diagnosis diagnosis) {
    return operations.stream().filter(operation -> operation.isSubjectOf(diagnosis)).findFirst();
  }

  /** Whether there is nothing to tell but that everything matches. */
  boolean isClean() {
    return diagnoses.isEmpty() && operations.stream().noneMatch(Operation::isFaulty);
  }

  /** Why none of its points was compared, if there is one reason and nothing else to tell. */
  Optional<String> obstacle() {
    if (!diagnoses.isEmpty() || operations.isEmpty()) {
      return Optional.empty();
    }
    Optional<String> first = operations.getFirst().obstacle();
    return operations.stream().allMatch(operation -> operation.obstacle().equals(first))
        ? first
        : Optional.empty();
  }

  int points() {
    return operations.stream().mapToInt(operation -> operation.points().size()).sum();
  }

  int tensors() {
    return operations.stream().mapToInt(operation -> operation.tensors().size()).sum();
  }

  /** Whether one line can tell of both: layers that follow each other, with the same to say. */
  boolean isContinuedBy(Section next) {
    return layer >= 0
        && next.layer == layer + 1
        && points() == next.points()
        && (points() > 0 || tensors() == next.tensors())
        && (isClean()
            ? next.isClean()
            : obstacle().isPresent() && obstacle().equals(next.obstacle()));
  }

  /** Before, in, or after the layers. */
  private enum Stage {
    BEFORE,
    LAYER,
    AFTER;

    static Stage of(CapturePoint point) {
      if (point.layer() >= 0) {
        return LAYER;
      }
      return point.site() == CapturePoint.Site.EMBEDDING ? BEFORE : AFTER;
    }

    static Stage of(TensorRole role) {
      return switch (role.part()) {
        case EMBEDDING, ROPE_FREQS -> BEFORE;
        case FINAL_NORM, OUTPUT -> AFTER;
        default -> LAYER;
      };
    }
  }
}
