package dev.rosetta.report;

import dev.rosetta.ComparisonReport;
import dev.rosetta.ConfigComparison;
import dev.rosetta.Diagnosis;
import dev.rosetta.Difference;
import dev.rosetta.PointComparison;
import dev.rosetta.SideSummary;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import dev.rosetta.report.Palette.Tone;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A comparison as text for people: lines that begin with {@code [ROSETTA]}, in forward-pass order,
 * with a summary at the end.
 *
 * @param detail how much is told of what matches
 * @param palette whether it is coloured
 * @param width columns to wrap at; 0 for lines that are never broken
 */
public record TextReport(Detail detail, Palette palette, int width) {
  static final String PREFIX = "[ROSETTA] ";
  private static final int NOTES_SHOWN = 4;
  private static final int TOKENS_SHOWN = 64;

  /** How much is told of what matches. */
  public enum Detail {
    /** One line for layers that follow each other and whose points all match. */
    BRIEF,
    /** Every capture point and weight, and the evidence of every diagnosis. */
    EVERY_POINT
  }

  /** Brief, without colours, never wrapped. */
  public static TextReport plain() {
    return new TextReport(Detail.BRIEF, Palette.PLAIN, 0);
  }

  /** The text, with a line end after every line. */
  public String render(ComparisonReport report) {
    Lines lines = new Lines(PREFIX, palette, width);
    SideNames names = SideNames.of(report);
    List<Section> sections = Section.of(report);
    loading(lines, report.a());
    loading(lines, report.b());
    if (report.prompt() != null) {
      lines.add("Prompt: \"" + report.prompt() + "\"");
    }
    if (!report.tokens().isEmpty()) {
      lines.add("Token IDs: " + tokens(report.tokens()));
    }
    SectionText text = new SectionText(lines, names, detail);
    List<Diagnosis> ofModel = Section.elsewhere(report, sections);
    config(lines, names, report.config());
    if (!ofModel.isEmpty()) {
      lines.add(Tone.HEADING, "=== Model ===");
      ofModel.forEach(text::write);
    }
    text.write(sections);
    new SummaryText(lines, report, sections).write();
    return lines.toString();
  }

  private void loading(Lines lines, SideSummary side) {
    StringBuilder line = new StringBuilder("Loading " + side.format() + ": " + side.path());
    if (detail == Detail.EVERY_POINT && side.parameters() > 0) {
      line.append(" (").append(side.architecture()).append(", ").append(side.parameters());
      line.append(" parameters, ").append(side.elementTypes()).append(')');
    }
    lines.add(line.toString());
    notes(lines, side.notes());
  }

  /** Errors are diagnoses and have their place below. */
  private void notes(Lines lines, List<SourceNote> all) {
    List<SourceNote> told =
        all.stream()
            .filter(
                note ->
                    note.severity() == Severity.WARNING
                        || (note.severity() == Severity.INFO && detail == Detail.EVERY_POINT))
            .toList();
    int shown = detail == Detail.EVERY_POINT ? told.size() : Math.min(told.size(), NOTES_SHOWN);
    for (SourceNote note : told.subList(0, shown)) {
      lines.add("  " + note.severity() + " " + note.code() + ": " + note.message());
    }
    if (shown < told.size()) {
      lines.add("  and " + (told.size() - shown) + " more; 'rosetta inspect' lists them all");
    }
  }

  private static String tokens(List<Integer> tokens) {
    if (tokens.size() <= TOKENS_SHOWN) {
      return tokens.toString();
    }
    String first = tokens.subList(0, TOKENS_SHOWN).toString();
    return first.substring(0, first.length() - 1) + ", …] (" + tokens.size() + " in all)";
  }

  private void config(Lines lines, SideNames names, List<ConfigComparison> fields) {
    List<ConfigComparison> told =
        fields.stream().filter(field -> !field.equal() || detail == Detail.EVERY_POINT).toList();
    if (told.isEmpty()) {
      return;
    }
    lines.add(Tone.HEADING, "=== Config ===");
    for (ConfigComparison field : told) {
      String label = field.field().label();
      if (field.equal()) {
        lines.add(label + ": " + ConfigText.value(field.a()) + " ✓");
      } else {
        lines.add(
            label + ": " + value(names.a(), field.a()) + ", " + value(names.b(), field.b()) + " ✗");
      }
    }
  }

  private static String value(String side, ConfigValue value) {
    return side + "=" + ConfigText.value(value) + " (" + ConfigText.origin(value) + ")";
  }

  /** The difference that a point is judged on: the local one where it exists. */
  static @Nullable Difference judged(PointComparison point) {
    Difference local = point.local();
    return local != null ? local : point.propagated();
  }
}
