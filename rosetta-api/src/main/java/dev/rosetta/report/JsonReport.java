package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ConfigComparison;
import dev.rosetta.Coverage;
import dev.rosetta.Diagnosis;
import dev.rosetta.Difference;
import dev.rosetta.LogitsComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.Side;
import dev.rosetta.SideSummary;
import dev.rosetta.TensorComparison;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.SourceNote;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * A comparison as one JSON object of the schema {@link ComparisonReport#SCHEMA}. Every fact of the
 * text report is in it; what is not finite is {@code null} in an object with {@code "nonFinite":
 * true}.
 */
public final class JsonReport {
  private JsonReport() {}

  /**
   * The document, with a line end.
   *
   * @param exitCode the exit code that goes with it
   */
  public static String render(ComparisonReport report, int exitCode) {
    return Json.document(json -> write(json, report, exitCode));
  }

  private static void write(JsonGenerator json, ComparisonReport report, int exitCode) {
    json.writeStartObject();
    json.writeStringProperty("schema", ComparisonReport.SCHEMA);
    json.writeStringProperty("verdict", report.verdict().name());
    json.writeNumberProperty("exitCode", exitCode);
    side(json, "a", report.a());
    side(json, "b", report.b());
    json.writeArrayPropertyStart("notes");
    report.a().notes().forEach(note -> note(json, Side.A, note));
    report.b().notes().forEach(note -> note(json, Side.B, note));
    json.writeEndArray();
    Json.string(json, "prompt", report.prompt());
    Json.array(json, "tokens", report.tokens());
    json.writeObjectPropertyStart("coverage");
    count(json, "points", report.coverage().points());
    count(json, "tensors", report.coverage().tensors());
    count(json, "config", report.coverage().config());
    json.writeEndObject();
    divergence(json, report.firstDivergence());
    json.writeArrayPropertyStart("points");
    report.points().forEach(point -> point(json, point));
    json.writeEndArray();
    json.writeArrayPropertyStart("tensors");
    report.tensors().forEach(tensor -> tensor(json, tensor));
    json.writeEndArray();
    json.writeArrayPropertyStart("config");
    report.config().forEach(field -> config(json, field));
    json.writeEndArray();
    json.writeArrayPropertyStart("diagnoses");
    report.diagnoses().forEach(diagnosis -> diagnosis(json, diagnosis));
    json.writeEndArray();
    logits(json, report.logits());
    json.writeArrayPropertyStart("checks");
    report.checks().forEach(check -> check(json, check));
    json.writeEndArray();
    continuation(json, report.continuation());
    Json.object(json, "timings", report.timings());
    json.writeObjectPropertyStart("tool");
    json.writeStringProperty("version", report.tool().version());
    json.writeStringProperty("backend", report.tool().backend());
    json.writeNumberProperty("threads", report.tool().threads());
    json.writeEndObject();
    json.writeEndObject();
  }

  static void side(JsonGenerator json, String name, SideSummary side) {
    json.writeObjectPropertyStart(name);
    json.writeStringProperty("path", side.path().toString());
    json.writeStringProperty("format", side.format());
    json.writeStringProperty("architecture", side.architecture());
    json.writeNumberProperty("parameters", side.parameters());
    Json.object(json, "elementTypes", side.elementTypes());
    json.writeEndObject();
  }

  private static void note(JsonGenerator json, Side side, SourceNote note) {
    json.writeStartObject();
    json.writeStringProperty("side", side.name());
    json.writeStringProperty("severity", note.severity().name().toLowerCase(Locale.ROOT));
    json.writeStringProperty("code", note.code());
    Json.string(json, "tensor", note.tensor());
    json.writeStringProperty("message", note.message());
    json.writeEndObject();
  }

  private static void count(JsonGenerator json, String name, Coverage.Count count) {
    json.writeObjectPropertyStart(name);
    json.writeNumberProperty("compared", count.compared());
    json.writeNumberProperty("expected", count.expected());
    json.writeEndObject();
  }

  private static void divergence(
      JsonGenerator json, ComparisonReport.@Nullable Divergence divergence) {
    if (divergence == null) {
      json.writeNullProperty("firstDivergence");
      return;
    }
    json.writeObjectPropertyStart("firstDivergence");
    json.writeStringProperty("point", divergence.point().name());
    layer(json, divergence.point().layer());
    json.writeNumberProperty("token", divergence.token());
    json.writeNumberProperty("index", divergence.index());
    Json.flag(json, Json.number(json, "maxDiff", divergence.maxDiff()));
    json.writeEndObject();
  }

  private static void point(JsonGenerator json, PointComparison point) {
    json.writeStartObject();
    json.writeStringProperty("point", point.point().name());
    layer(json, point.point().layer());
    Json.array(json, "dimsA", point.dimsA());
    Json.array(json, "dimsB", point.dimsB());
    json.writeStringProperty("status", lower(point.status()));
    json.writeStringProperty("reason", point.reason());
    boolean finite = Json.measured(json, "tolerance", point.tolerance());
    json.writeStringProperty("toleranceOn", point.relativeTolerance() ? "relL2" : "maxDiff");
    finite &= Json.measured(json, "predicted", point.predicted());
    finite &= Json.measured(json, "excess", point.excess());
    difference(json, "local", point.local());
    difference(json, "propagated", point.propagated());
    Json.flag(json, finite);
    json.writeEndObject();
  }

  private static void difference(JsonGenerator json, String name, @Nullable Difference difference) {
    if (difference == null) {
      json.writeNullProperty(name);
      return;
    }
    json.writeObjectPropertyStart(name);
    boolean finite = Json.number(json, "maxDiff", difference.maxDiff());
    finite &= Json.number(json, "meanDiff", difference.meanDiff());
    finite &= Json.number(json, "relL2", difference.relL2());
    finite &= Json.number(json, "cosine", difference.cosine());
    json.writeNumberProperty("token", difference.token());
    json.writeNumberProperty("index", difference.index());
    finite &= Json.number(json, "a", difference.a());
    finite &= Json.number(json, "b", difference.b());
    Json.flag(json, finite);
    json.writeEndObject();
  }

  private static void tensor(JsonGenerator json, TensorComparison tensor) {
    json.writeStartObject();
    json.writeStringProperty("role", tensor.role().toString());
    layer(json, tensor.role().layer());
    Json.string(json, "nameA", tensor.nameA());
    Json.string(json, "nameB", tensor.nameB());
    Json.string(json, "typeA", tensor.typeA() == null ? null : tensor.typeA().name());
    Json.string(json, "typeB", tensor.typeB() == null ? null : tensor.typeB().name());
    Json.array(json, "storedDimsA", tensor.storedDimsA());
    Json.array(json, "storedDimsB", tensor.storedDimsB());
    Json.array(json, "expectedDims", tensor.expectedDims());
    json.writeStringProperty("status", lower(tensor.status()));
    json.writeStringProperty("reason", tensor.reason());
    json.writeBooleanProperty("sameBytes", tensor.sameBytes());
    boolean finite = Json.measured(json, "nmse", tensor.nmse());
    finite &= Json.measured(json, "budget", tensor.budget());
    finite &= Json.measured(json, "predicted", tensor.predicted());
    finite &= Json.measured(json, "excess", tensor.excess());
    difference(json, "difference", tensor.difference());
    Json.flag(json, finite);
    json.writeEndObject();
  }

  private static void config(JsonGenerator json, ConfigComparison field) {
    json.writeStartObject();
    json.writeStringProperty("field", field.field().label());
    json.writeBooleanProperty("equal", field.equal());
    configValue(json, "a", field.a());
    configValue(json, "b", field.b());
    json.writeEndObject();
  }

  static void configValue(JsonGenerator json, String name, ConfigValue value) {
    json.writeObjectPropertyStart(name);
    switch (value.value()) {
      case Long number -> json.writeNumberProperty("value", number);
      case Double number -> Json.flag(json, Json.number(json, "value", number));
      case Boolean bool -> json.writeBooleanProperty("value", bool);
      default -> json.writeStringProperty("value", ConfigText.value(value));
    }
    json.writeStringProperty("origin", lower(value.origin()));
    json.writeStringProperty("detail", value.detail());
    json.writeEndObject();
  }

  private static void diagnosis(JsonGenerator json, Diagnosis diagnosis) {
    json.writeStartObject();
    json.writeStringProperty("code", diagnosis.code().name());
    json.writeStringProperty("severity", lower(diagnosis.severity()));
    Json.string(json, "subject", diagnosis.subject());
    Integer layer = diagnosis.layer();
    layer(json, layer == null ? -1 : layer);
    Json.string(json, "side", diagnosis.side() == null ? null : diagnosis.side().name());
    json.writeStringProperty("message", diagnosis.message());
    json.writeStringProperty("fix", diagnosis.fix());
    json.writeStringProperty("proof", diagnosis.proof().name());
    Json.object(json, "evidence", diagnosis.evidence());
    json.writeEndObject();
  }

  private static void logits(JsonGenerator json, @Nullable LogitsComparison logits) {
    if (logits == null) {
      json.writeNullProperty("logits");
      return;
    }
    json.writeObjectPropertyStart("logits");
    boolean finite = Json.number(json, "kl", logits.kl());
    finite &= Json.number(json, "top1Agreement", logits.top1Agreement());
    json.writeNumberProperty("decidedDisagreements", logits.decidedDisagreements());
    json.writeArrayPropertyStart("topK");
    for (LogitsComparison.Candidate candidate : logits.topK()) {
      json.writeStartObject();
      json.writeNumberProperty("token", candidate.token());
      json.writeStringProperty("text", candidate.text());
      boolean finiteLogits = Json.number(json, "logitA", candidate.logitA());
      finiteLogits &= Json.number(json, "logitB", candidate.logitB());
      if (candidate.rankB() == LogitsComparison.Candidate.NO_RANK) {
        json.writeNullProperty("rankB");
      } else {
        json.writeNumberProperty("rankB", candidate.rankB());
      }
      Json.flag(json, finiteLogits);
      json.writeEndObject();
    }
    json.writeEndArray();
    Json.flag(json, finite);
    json.writeEndObject();
  }

  private static void check(JsonGenerator json, ComparisonReport.Check check) {
    json.writeStartObject();
    json.writeStringProperty("name", check.name());
    json.writeStringProperty("outcome", lower(check.outcome()));
    json.writeStringProperty("detail", check.detail());
    json.writeBooleanProperty("required", check.required());
    json.writeEndObject();
  }

  private static void continuation(
      JsonGenerator json, ComparisonReport.@Nullable Continuation continuation) {
    if (continuation == null) {
      json.writeNullProperty("continuation");
      return;
    }
    json.writeObjectPropertyStart("continuation");
    Json.array(json, "a", continuation.a());
    Json.array(json, "b", continuation.b());
    json.writeStringProperty("textA", continuation.textA());
    json.writeStringProperty("textB", continuation.textB());
    json.writeNumberProperty("agreeing", continuation.agreeing());
    json.writeEndObject();
  }

  private static void layer(JsonGenerator json, int layer) {
    if (layer >= 0) {
      json.writeNumberProperty("layer", layer);
    } else {
      json.writeNullProperty("layer");
    }
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
