package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real kernels in a JVM that does not compile them to vector instructions. */
final class VectorReportProcessTests {

  @ParameterizedTest
  @ValueSource(strings = {"-XX:TieredStopAtLevel=1", "-XX:-EnableVectorSupport"})
  void doctorNamesTheOptionThatKeepsVectorsOnTheHeap(String option)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:+UnlockExperimentalVMOptions");
    command.add(option);
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Rosetta.class.getName(), "doctor"));
    Process doctor =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(doctor.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, doctor.waitFor(), out);
    assertTrue(out.contains("Vector API: NOT VECTORISED, results are right but slow"), out);
    assertTrue(out.contains("bytes of heap at each call; start java without " + option), out);
    assertTrue(out.contains("Self-test: passed"), out);
  }
}
