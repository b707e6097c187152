package dev.rosetta.report;

import dev.rosetta.ModelInspection;
import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.DimensionOrder;
import dev.rosetta.model.SafeText;
import dev.rosetta.model.SourceNote;
import dev.rosetta.model.TensorInfo;
import dev.rosetta.report.TextReport.Detail;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JsonGenerator;

/** What a file says about its model, as text and as JSON. */
public final class InspectionReport {
  /** Version of the JSON form. */
  public static final String SCHEMA = "rosetta-inspection/1";

  private static final int LONGEST_NAME = 120;
  private static final int WIDEST_NAME = 60;
  private static final int LONGEST_VALUE = 200;

  private InspectionReport() {}

  /**
   * The text, with a line end after every line.
   *
   * @param detail with {@link Detail#EVERY_POINT}, the file's own key-value pairs as well
   */
  public static String text(ModelInspection inspection, Detail detail) {
    Lines lines = new Lines("", Palette.PLAIN, 0);
    lines.add("File:          " + inspection.summary().path());
    lines.add("Format:        " + inspection.summary().format());
    lines.add("Architecture:  " + orElse(inspection.summary().architecture(), "not known"));
    lines.add("Parameters:    " + inspection.summary().parameters());
    lines.add("Element types: " + orElse(histogram(inspection.summary().elementTypes()), "none"));
    lines.add("");
    lines.add("Config");
    if (inspection.configProblem() != null) {
      lines.add("  none: " + inspection.configProblem());
    }
    for (Map.Entry<ConfigField, ConfigValue> field : inspection.config().entrySet()) {
      lines.add(
          String.format(
              Locale.ROOT,
              "  %-18s %-14s %s",
              field.getKey().label(),
              ConfigText.value(field.getValue()),
              ConfigText.origin(field.getValue())));
    }
    lines.add("");
    lines.add("Tensors: " + inspection.tensors().size() + ", dims with the slowest first");
    int width =
        inspection.tensors().stream()
            .mapToInt(tensor -> SafeText.escape(tensor.name(), LONGEST_NAME).length())
            .max()
            .orElse(0);
    String form = "  %-" + Math.clamp(width, 1, WIDEST_NAME) + "s %-7s %-18s %12d bytes  %s";
    for (TensorInfo tensor : inspection.tensors()) {
      lines.add(
          String.format(
              Locale.ROOT,
              form,
              SafeText.escape(tensor.name(), LONGEST_NAME),
              tensor.type(),
              rowMajor(inspection, tensor),
              tensor.byteSize(),
              inspection.roles().getOrDefault(tensor.name(), "(no role)")
                  + (tensor.packing() == null ? "" : ", decoded from " + tensor.packing())));
    }
    lines.add("");
    if (detail == Detail.EVERY_POINT) {
      metadata(lines, inspection);
    } else {
      lines.add(metadataCount(inspection) + ", listed with --verbose");
    }
    lines.add("");
    lines.add("Notes: " + (inspection.notes().isEmpty() ? "none" : inspection.notes().size()));
    for (SourceNote note : inspection.notes()) {
      lines.add("  " + note.severity() + " " + note.code() + ": " + place(note) + note.message());
    }
    return lines.toString();
  }

  private static String place(SourceNote note) {
    return note.tensor() == null ? "" : "'" + SafeText.escape(note.tensor(), LONGEST_NAME) + "': ";
  }

  private static void metadata(Lines lines, ModelInspection inspection) {
    lines.add(metadataCount(inspection));
    for (String key : inspection.metadata().keys()) {
      lines.add(
          "  "
              + SafeText.escape(key, LONGEST_NAME)
              + " ("
              + inspection.metadata().typeName(key)
              + ") = "
              + SafeText.escape(valueText(inspection, key), LONGEST_VALUE));
    }
  }

  private static String metadataCount(ModelInspection inspection) {
    return "Metadata: " + NumberText.count(inspection.metadata().keys().size(), "key");
  }

  private static String orElse(String text, String instead) {
    return text.isEmpty() ? instead : text;
  }

  private static String valueText(ModelInspection inspection, String key) {
    Object value = inspection.metadata().value(key).orElse("null");
    if (value instanceof List<?> list && list.size() > 8) {
      return list.subList(0, 8) + " and " + (list.size() - 8) + " more";
    }
    return value.toString();
  }

  private static String histogram(Map<String, Integer> types) {
    StringBuilder text = new StringBuilder();
    types.forEach(
        (type, count) ->
            text.append(text.isEmpty() ? "" : ", ").append(type).append(" × ").append(count));
    return text.toString();
  }

  private static List<Long> rowMajor(ModelInspection inspection, TensorInfo tensor) {
    return inspection.dimensionOrder() == DimensionOrder.ROW_MAJOR
        ? tensor.dims()
        : tensor.dims().reversed();
  }

  /** The JSON document, with a line end. */
  public static String json(ModelInspection inspection) {
    return Json.document(json -> write(json, inspection));
  }

  private static void write(JsonGenerator json, ModelInspection inspection) {
    json.writeStartObject();
    json.writeStringProperty("schema", SCHEMA);
    JsonReport.side(json, "model", inspection.summary());
    json.writeObjectPropertyStart("config");
    inspection
        .config()
        .forEach((field, value) -> JsonReport.configValue(json, field.label(), value));
    json.writeEndObject();
    Json.string(json, "configProblem", inspection.configProblem());
    json.writeArrayPropertyStart("tensors");
    for (TensorInfo tensor : inspection.tensors()) {
      tensor(json, inspection, tensor);
    }
    json.writeEndArray();
    json.writeObjectPropertyStart("metadataTypes");
    for (String key : inspection.metadata().keys()) {
      json.writeStringProperty(key, inspection.metadata().typeName(key));
    }
    json.writeEndObject();
    json.writeArrayPropertyStart("notes");
    for (SourceNote note : inspection.notes()) {
      json.writeStartObject();
      json.writeStringProperty("severity", note.severity().name().toLowerCase(Locale.ROOT));
      json.writeStringProperty("code", note.code());
      Json.string(json, "tensor", note.tensor());
      json.writeStringProperty("message", note.message());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void tensor(JsonGenerator json, ModelInspection inspection, TensorInfo tensor) {
    json.writeStartObject();
    json.writeStringProperty("name", tensor.name());
    Json.string(json, "role", inspection.roles().get(tensor.name()));
    json.writeStringProperty("type", tensor.type().name());
    Json.array(json, "dims", rowMajor(inspection, tensor));
    List<Long> expected = inspection.expectedDims().get(tensor.name());
    if (expected == null) {
      json.writeNullProperty("expectedDims");
    } else {
      Json.array(json, "expectedDims", expected);
    }
    json.writeNumberProperty("file", tensor.file());
    json.writeNumberProperty("offset", tensor.offset());
    json.writeNumberProperty("byteSize", tensor.byteSize());
    if (tensor.packing() != null) {
      json.writeStringProperty("packing", tensor.packing());
    }
    json.writeEndObject();
  }
}
