package dev.rosetta.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.EvaluationResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Packages depend in one direction: file, model, tokens, run, comparison, diagnosis, report. */
final class ArchitectureTests {

  private static final String FRONT_DOOR = "dev.rosetta";

  /** A package and those that it may import; {@code ..} includes the packages below. */
  enum Place {
    MODEL("dev.rosetta.model"),
    TRACE("dev.rosetta.trace", MODEL),
    SPI("dev.rosetta.spi", MODEL, TRACE),
    NORMALIZE("dev.rosetta.normalize", MODEL, SPI),
    TOKENIZER("dev.rosetta.tokenizer", MODEL),
    ENGINE("dev.rosetta.engine", MODEL, TRACE, SPI, NORMALIZE),
    COMPARE("dev.rosetta.compare", MODEL, TRACE, SPI, NORMALIZE, TOKENIZER, ENGINE),
    DIAGNOSE("dev.rosetta.diagnose", MODEL, TRACE, SPI, NORMALIZE, TOKENIZER, ENGINE, COMPARE),
    COMPARATOR(FRONT_DOOR, MODEL, TRACE, SPI, NORMALIZE, TOKENIZER, ENGINE, COMPARE, DIAGNOSE),
    REPORT("dev.rosetta.report", MODEL, TRACE, COMPARATOR),
    FORMATS("dev.rosetta.formats..", MODEL, TRACE, SPI),
    KERNELS_JAVA("dev.rosetta.kernels.java", MODEL, SPI),
    KERNELS_PANAMA("dev.rosetta.kernels.panama..", MODEL, SPI),
    CLI("dev.rosetta.cli", MODEL, TRACE, SPI, COMPARATOR, REPORT, FORMATS);

    private final String packages;
    private final List<Place> imports;

    Place(String packages, Place... imports) {
      this.packages = packages;
      this.imports = List.of(imports);
    }
  }

  /** What stations hand on is the front door's: its records, enums and listener interfaces. */
  private static final Set<Place> FILL_THE_REPORT =
      Set.of(Place.NORMALIZE, Place.COMPARE, Place.DIAGNOSE);

  private static final DescribedPredicate<JavaClass> REPORT_DATA =
      resideInAPackage(FRONT_DOOR)
          .and(
              DescribedPredicate.describe(
                  "are public records, enums or interfaces", ArchitectureTests::isData));

  private static JavaClasses rosetta;

  @BeforeAll
  static void readClasses() {
    rosetta =
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(FRONT_DOOR)
            .that(resideOutsideOfPackage("dev.rosetta.testing.."));
  }

  @ParameterizedTest
  @EnumSource
  void importsOnlyWhatComesBefore(Place place) {
    List<String> allowed = new ArrayList<>(List.of(place.packages));
    place.imports.forEach(earlier -> allowed.add(earlier.packages));
    DescribedPredicate<JavaClass> target =
        resideOutsideOfPackage("dev.rosetta..")
            .or(resideInAnyPackage(allowed.toArray(String[]::new)));
    if (FILL_THE_REPORT.contains(place)) {
      target = target.or(REPORT_DATA);
    }
    check(
        classes()
            .that(resideInAPackage(place.packages))
            .should()
            .onlyDependOnClassesThat(target)
            .allowEmptyShould(true)
            .evaluate(rosetta));
  }

  @Test
  void reportDataKnowsNoStation() {
    check(
        classes()
            .that(REPORT_DATA)
            .should()
            .onlyDependOnClassesThat(
                resideOutsideOfPackage("dev.rosetta..")
                    .or(
                        resideInAnyPackage(
                            Place.MODEL.packages, Place.TRACE.packages, Place.SPI.packages))
                    .or(REPORT_DATA))
            .evaluate(rosetta));
  }

  @Test
  void everyPackageHasItsPlace() {
    DescribedPredicate<JavaClass> placed =
        resideInAnyPackage(
            Arrays.stream(Place.values()).map(place -> place.packages).toArray(String[]::new));
    Set<String> homeless =
        rosetta.stream()
            .filter(placed.negate())
            .map(JavaClass::getPackageName)
            .collect(Collectors.toSet());
    assertEquals(Set.of(), homeless);
  }

  /** Also an array of such, or a class inside one. */
  private static boolean isData(JavaClass type) {
    JavaClass element = type.getBaseComponentType();
    boolean data = element.isRecord() || element.isEnum() || element.isInterface();
    return (data && element.getModifiers().contains(JavaModifier.PUBLIC))
        || element.getEnclosingClass().filter(ArchitectureTests::isData).isPresent();
  }

  private static void check(EvaluationResult result) {
    List<String> details = result.getFailureReport().getDetails();
    assertTrue(details.isEmpty(), () -> String.join("\n", details));
  }
}
