package dev.rosetta.report;

import dev.rosetta.DiagnosisCode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a diagnosis code means: the page {@code docs/diagnoses/CODE.md}, which is part of the
 * library. Immutable.
 *
 * @param code the fault class
 * @param summary the fault in one sentence
 * @param sections symptom, origin, recognition, remedy and public examples, in this order
 */
public record DiagnosisPage(DiagnosisCode code, String summary, List<Passage> sections) {

  public DiagnosisPage {
    sections = List.copyOf(sections);
  }

  /**
   * One heading and what stands under it.
   *
   * @param text one paragraph, without line breaks
   */
  public record Passage(String heading, String text) {}

  /** The page of {@code code}. */
  public static DiagnosisPage of(DiagnosisCode code) {
    String name = "diagnoses/" + code + ".md";
    try (InputStream page = DiagnosisPage.class.getResourceAsStream(name)) {
      if (page == null) {
        throw new IllegalStateException("this build lacks " + name);
      }
      return parse(code, new String(page.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A page is a title, a summary, and headings with one paragraph each, as blank-line blocks. */
  static DiagnosisPage parse(DiagnosisCode code, String markdown) {
    List<String> blocks = List.of(markdown.strip().split("\\R\\s*\\R"));
    if (blocks.size() % 2 != 0 || !blocks.getFirst().equals("# " + code)) {
      throw new IllegalArgumentException(
          "the page of " + code + " must begin with its title and give each heading one paragraph");
    }
    List<Passage> sections = new ArrayList<>();
    for (int i = 2; i < blocks.size(); i += 2) {
      if (!blocks.get(i).startsWith("## ")) {
        throw new IllegalArgumentException(
            "no heading in the page of " + code + ": " + blocks.get(i));
      }
      sections.add(new Passage(blocks.get(i).substring(3), joined(blocks.get(i + 1))));
    }
    return new DiagnosisPage(code, joined(blocks.get(1)), sections);
  }

  private static String joined(String paragraph) {
    return paragraph.replaceAll("\\s*\\R\\s*", " ");
  }

  /**
   * The page as plain text.
   *
   * @param width columns at which lines break, or 0 for lines that are never broken
   */
  public String text(int width) {
    StringBuilder text = new StringBuilder();
    wrap(code + ": " + summary, "", width, text);
    for (Passage section : sections) {
      text.append('\n').append(section.heading()).append('\n');
      wrap(section.text(), "  ", width, text);
    }
    return text.toString();
  }

  private static void wrap(String paragraph, String indent, int width, StringBuilder target) {
    int column = 0;
    for (String word : paragraph.split(" ")) {
      if (column > 0 && width > 0 && column + 1 + word.length() > width) {
        target.append('\n');
        column = 0;
      }
      String before = column == 0 ? indent : " ";
      target.append(before).append(word);
      column += before.length() + word.length();
    }
    target.append('\n');
  }
}
