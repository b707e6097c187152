package dev.rosetta.bench;

import dev.rosetta.ComparisonReport;
import dev.rosetta.Diagnosis;
import dev.rosetta.DiagnosisCode;
import dev.rosetta.Proof;
import dev.rosetta.Side;
import dev.rosetta.bench.Fault.Expected;
import dev.rosetta.model.TensorRole;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What became of a case. */
record Outcome(
    String name,
    String pair,
    List<Expected> expected,
    boolean diverged,
    boolean matched,
    List<Diagnosis> diagnoses,
    @Nullable String error,
    @Nullable Side side,
    double seconds,
    @Nullable ComparisonReport report) {

  @Nullable Diagnosis first() {
    return diagnoses.isEmpty() ? null : diagnoses.getFirst();
  }

  /** Whether the files were told apart, or refused for the planted reason. */
  boolean detected() {
    return error != null ? named() : diverged;
  }

  /** Whether each planted fault has its code; a single one must come first. */
  boolean named() {
    if (error != null) {
      return expected.stream()
          .anyMatch(e -> e.codes().stream().anyMatch(c -> c.name().equals(error)));
    }
    return expected.size() == 1
        ? first() != null && expected.getFirst().codes().contains(first().code())
        : expected.stream()
            .allMatch(e -> diagnoses.stream().anyMatch(d -> e.codes().contains(d.code())));
  }

  boolean subject() {
    if (error != null) {
      return named();
    }
    return expected.stream()
        .allMatch(
            e ->
                e.subjects().isEmpty()
                    || considered().anyMatch(d -> e.subjects().contains("" + d.subject())));
  }

  boolean layer() {
    if (error != null) {
      return named();
    }
    return expected.stream()
        .allMatch(
            e ->
                e.subjects().isEmpty()
                    || e.layer() == Expected.ANY_LAYER
                    || considered().anyMatch(d -> layer(d) == e.layer()));
  }

  /** The layer of a diagnosis; a config field of a layer's fault belongs to no layer. */
  private static int layer(Diagnosis diagnosis) {
    return diagnosis.layer() == null ? -1 : diagnosis.layer();
  }

  /** Whether the fault of a single weight is beyond what rounding explains at some operation. */
  boolean pointDue() {
    return expected.size() == 1
        && report != null
        && report.firstDivergence() != null
        && !points().isEmpty();
  }

  /** Whether the first operation that diverges is the one that uses the faulty weight. */
  boolean point() {
    return report != null
        && report.firstDivergence() != null
        && points().contains(report.firstDivergence().point().name());
  }

  String firstPoint() {
    return report == null || report.firstDivergence() == null
        ? "none"
        : report.firstDivergence().point().name();
  }

  private Set<String> points() {
    return expected.getFirst().subjects().stream()
        .flatMap(subject -> TensorRole.parse(subject).stream())
        .flatMap(Outcome::points)
        .collect(Collectors.toSet());
  }

  /** The point at which a weight is used; without it, Q and K have no norm and differ behind. */
  private static Stream<String> points(TensorRole role) {
    String prefix = role.layer() >= 0 ? "layers." + role.layer() + "." : "";
    return switch (role.part()) {
      case OUTPUT -> Stream.of("logits");
      case FFN_DOWN -> Stream.of(prefix + "ffn_out");
      case Q_NORM -> Stream.of(prefix + "q_norm", prefix + "q_rope");
      case K_NORM -> Stream.of(prefix + "k_norm", prefix + "k_rope");
      default -> Stream.of(prefix + role.part().word());
    };
  }

  /** A side that is named must be the right one. */
  boolean sideHolds() {
    return considered().noneMatch(d -> d.side() != null && d.side() != side);
  }

  boolean proofDue() {
    return expected.size() == 1 && expected.getFirst().undoable() && named();
  }

  boolean proven() {
    return first() != null && first().proof() == Proof.PROVEN;
  }

  /** A cause that is called proven must be one that was planted. */
  boolean proofsHold() {
    return diagnoses.stream()
        .filter(d -> d.proof() == Proof.PROVEN)
        .allMatch(d -> expected.stream().anyMatch(e -> isPlanted(e, d)));
  }

  private static boolean isPlanted(Expected planted, Diagnosis diagnosis) {
    String subject = "" + diagnosis.subject();
    return planted.codes().contains(diagnosis.code())
        || planted.subjects().contains(subject)
        || isPartOf(planted, diagnosis, subject);
  }

  /** What a planted fault brings along: the bias of a fused tensor, a scale that head_dim gives. */
  private static boolean isPartOf(Expected planted, Diagnosis diagnosis, String subject) {
    return planted.codes().contains(DiagnosisCode.FUSED_SPLIT_WRONG) && subject.endsWith("qkv.bias")
        || planted.subjects().contains("head_dim") && subject.equals("attention_scale")
        || planted.subjects().contains("num_layers")
            && diagnosis.code() == DiagnosisCode.TENSOR_MISSING;
  }

  private Stream<Diagnosis> considered() {
    return expected.size() == 1 ? diagnoses.stream().limit(1) : diagnoses.stream();
  }

  /** One line for the list of misses. */
  String line() {
    StringBuilder line = new StringBuilder(name + " | " + pair + " | ");
    if (error != null) {
      return line.append(error).toString();
    }
    diagnoses.stream()
        .limit(3)
        .forEach(
            d ->
                line.append(d.code())
                    .append(' ')
                    .append(d.subject())
                    .append(' ')
                    .append(d.proof())
                    .append("; "));
    return line.append(" wanted ")
        .append(expected.stream().map(e -> e.codes() + " " + e.subjects()).toList())
        .append(" side ")
        .append(side)
        .toString();
  }
}
