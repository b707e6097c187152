package dev.rosetta.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.report.DiagnosisPage.Passage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class DiagnosisPageTests {

  private static Path pages() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("mvnw"))) {
      folder = folder.getParent();
    }
    return folder.resolve("docs/diagnoses");
  }

  @ParameterizedTest
  @EnumSource
  void everyCodeHasAllSections(DiagnosisCode code) {
    DiagnosisPage page = DiagnosisPage.of(code);
    assertTrue(page.summary().endsWith("."), page.summary());
    assertEquals(
        List.of(
            "Symptom",
            "Where it comes from",
            "How Rosetta recognises it",
            "What to change",
            "Seen in public"),
        page.sections().stream().map(Passage::heading).toList());
    page.sections().forEach(section -> assertFalse(section.text().isBlank(), section.heading()));
  }

  @ParameterizedTest
  @EnumSource
  void thePageInTheDocumentsIsTheOneThatIsPrinted(DiagnosisCode code) throws IOException {
    String file = Files.readString(pages().resolve(code + ".md"));
    assertEquals(DiagnosisPage.parse(code, file), DiagnosisPage.of(code));
  }

  @Test
  void theIndexListsEveryCodeWithItsSummary() throws IOException {
    String expected =
        Stream.of(DiagnosisCode.values())
            .map(c -> "| [%s](%s.md) | %s |\n".formatted(c, c, DiagnosisPage.of(c).summary()))
            .collect(Collectors.joining());
    String index = Files.readString(pages().resolve("README.md"));
    assertTrue(index.endsWith("|---|---|\n" + expected), index);
  }

  @Test
  void noPageStandsForACodeThatDoesNotExist() throws IOException {
    Set<String> expected = new TreeSet<>(Set.of("README.md"));
    Stream.of(DiagnosisCode.values()).forEach(code -> expected.add(code + ".md"));
    try (Stream<Path> files = Files.list(pages())) {
      assertEquals(
          expected,
          files
              .map(file -> file.getFileName().toString())
              .collect(Collectors.toCollection(TreeSet::new)));
    }
  }

  @Test
  void linesBreakBetweenWords() {
    String text = DiagnosisPage.of(DiagnosisCode.QK_PERMUTED).text(50);
    text.lines().forEach(line -> assertTrue(line.length() <= 50, line));
    String unbroken = DiagnosisPage.of(DiagnosisCode.QK_PERMUTED).text(0);
    assertEquals(
        unbroken.replaceAll("\\s+", " "), text.replaceAll("\\s+", " "), "no word may be lost");
    assertTrue(unbroken.lines().count() < text.lines().count());
  }

  @Test
  void refusesAPageWithoutItsTitleOrWithAHeadingAlone() {
    DiagnosisCode code = DiagnosisCode.BYTE_ORDER;
    assertThrows(
        IllegalArgumentException.class, () -> DiagnosisPage.parse(code, "# OTHER\n\nText.\n"));
    assertThrows(
        IllegalArgumentException.class,
        () -> DiagnosisPage.parse(code, "# BYTE_ORDER\n\nText.\n\n## Symptom\n"));
    assertThrows(
        IllegalArgumentException.class,
        () -> DiagnosisPage.parse(code, "# BYTE_ORDER\n\nText.\n\nSymptom\n\nMore.\n"));
  }
}
