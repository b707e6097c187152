package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class UsageTests {
  @TempDir static Path folder;
  private static DemoFiles files;

  @BeforeAll
  static void write() {
    files = DemoFiles.write(folder);
  }

  /** Runs a comparison with more arguments, split at blanks; ~ stands for an empty one. */
  private static List<Object> compare(String more) {
    List<Object> args = new ArrayList<>(List.of(files.healthy(), files.gguf()));
    for (String arg : more.split(" ")) {
      args.add(arg.equals("~") ? "" : arg);
    }
    return args;
  }

  @Test
  void aMisspeltCommandIsNoModel() {
    Run run = Cli.run("inspct", files.gguf());
    assertEquals(2, run.exitCode(), run.toString());
    assertTrue(run.err().contains("no file 'inspct'; did you mean 'inspect'"), run.err());
    assertEquals(2, Cli.run("compar", files.healthy(), files.gguf()).exitCode());
    Run missing = Cli.run("modell", files.gguf());
    assertEquals(3, missing.exitCode(), missing.toString());
  }

  @Test
  void anUnknownOptionIsNamedAlsoWhereModelsAreMissing() {
    for (Run run : List.of(Cli.run("--wrong"), Cli.run("inspect", "--wrong"))) {
      assertEquals(2, run.exitCode(), run.toString());
      assertTrue(run.err().contains("Unknown option: '--wrong'"), run.err());
    }
    Run missing = Cli.run("inspect");
    assertTrue(missing.err().contains("Missing required"), missing.err());
  }

  @Test
  void everyCommandThatHelpListsTellsItsOwnUsageAlone() {
    List<String> commands =
        Cli.run("--help")
            .out()
            .lines()
            .dropWhile(line -> !line.startsWith("Commands"))
            .skip(1)
            .takeWhile(line -> !line.isEmpty())
            .filter(line -> line.matches("  [a-z].*"))
            .map(line -> line.strip().split(" ")[0])
            .filter(command -> !command.equals("help"))
            .toList();
    assertEquals(10, commands.size(), commands.toString());
    for (String command : commands) {
      Run alone = Cli.run(command, "--help");
      assertTrue(alone.out().startsWith("Usage: rosetta " + command + " "), alone.toString());
      assertEquals(alone.out(), Cli.run("help", command).out());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--threshold NaN",
        "--threshold Infinity",
        "--threshold -Infinity",
        "--threshold -1",
        "--threshold=-0.5",
        "--threshold x",
        "--threshold ~",
        "--filter ~",
        "--filter [",
        "--filter no_such_point",
        "--filter layers\\.7\\.",
        "--prompt hi --tokens 1,2",
        "--prompt ~",
        "--tokens ~",
        "--tokens 1,,2",
        "--tokens 1,x",
        "--tokens -1",
        "--tokens 4294967295",
        "--tokens 260",
        "--tokens 1,2 --bos on",
        "--bos maybe",
        "--max-tokens -1",
        "--threads 0",
        "--threads -2",
        "--threads 1000000",
        "--backend warp",
        "--verbose --quiet",
        "--format xml",
        "--format junit",
        "--report junit=x.xml",
        "--report json",
        "--report json=",
        "--report =x",
        "--color blue",
        "--quantize",
        "--assert-match --assert-match",
        "--prompt a --prompt b",
        "third.gguf",
        "-o no/such/folder/r.txt",
      })
  void misuseExitsWithTwoInTextAndInJson(String more) {
    Run text = Cli.run(compare(more).toArray());
    assertEquals(2, text.exitCode(), more + ": " + text);
    assertEquals("", text.out());
    assertEquals(1, text.messages().size(), text.err());
    assertTrue(text.messages().getFirst().startsWith("rosetta: error: "), text.err());

    if (!more.contains("--format")) {
      List<Object> args = compare(more);
      args.addAll(List.of("--format", "json"));
      Run json = Cli.run(args.toArray());
      assertEquals(2, json.exitCode(), more + ": " + json);
      Map<?, ?> object = JsonText.object(json.out());
      assertEquals("rosetta-error/1", object.get("schema"));
      assertEquals(2L, object.get("exitCode"));
      assertEquals("USAGE", object.get("code"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "one-side-only.apr",
        "compare",
        "diff A B --prompt x",
        "diff A B --filter embedding",
        "diff A B --max-tokens 3",
        "trace A",
        "trace A -o A",
        "trace A -o OUT --format json",
        "inspect",
        "inspect A --prompt x",
        "inspect A -o A",
        "tokenize A",
        "demo A",
        "doctor --frobnicate",
        "help frobnicate",
      })
  void everyCommandRefusesWhatItDoesNotUse(String line) {
    String[] args = line.isEmpty() ? new String[0] : line.split(" ");
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "A" -> args[i] = files.healthy().toString();
        case "B" -> args[i] = files.gguf().toString();
        case "OUT" -> args[i] = folder.resolve("t.safetensors").toString();
        default -> {}
      }
    }
    Run run = Cli.run((Object[]) args);
    assertEquals(2, run.exitCode(), run.toString());
    assertFalse((run.out() + run.err()).isBlank());
    assertFalse(Files.exists(folder.resolve("t.safetensors")));
  }

  @Test
  void colourHasNoPlaceInJson() {
    Run run = Cli.run(files.healthy(), files.gguf(), "--color", "always", "--format", "json");
    assertEquals(2, run.exitCode());
    assertEquals("USAGE", JsonText.object(run.out()).get("code"));
  }

  @Test
  void inputIsNeverOverwritten() throws IOException {
    byte[] before = Files.readAllBytes(files.gguf());
    assertEquals(2, Cli.run(files.healthy(), files.gguf(), "-o", files.gguf()).exitCode());
    assertEquals(
        2, Cli.run(files.healthy(), files.gguf(), "--report", "json=" + files.gguf()).exitCode());
    assertEquals(2, Cli.run("trace", files.gguf(), "-o", files.gguf()).exitCode());
    assertEquals(0, Arrays.compare(before, Files.readAllBytes(files.gguf())));
  }

  @Test
  void helpTeachesAndListsOnlyWhatIsBuilt() {
    Run run = Cli.run("--help");
    assertEquals(0, run.exitCode());
    for (String taught :
        List.of(
            "Usage: rosetta A B",
            "Exit codes:",
            "INCONCLUSIVE",
            "rosetta demo",
            "compare",
            "diff",
            "trace",
            "inspect",
            "tokenize",
            "doctor")) {
      assertTrue(run.out().contains(taught), taught);
    }
    for (String command :
        List.of(
            "compare",
            "diff",
            "trace",
            "inspect",
            "tokenize",
            "convert",
            "synth",
            "demo",
            "doctor")) {
      Run help = Cli.run(command, "--help");
      assertEquals(0, help.exitCode());
      assertTrue(help.out().contains("Usage: rosetta " + command), help.out());
      assertEquals(help.out(), Cli.run("help", command).out());
      for (String unbuilt : List.of("junit", "sarif", "html", "github")) {
        assertFalse(help.out().contains(unbuilt) || run.out().contains(unbuilt), unbuilt);
      }
    }
  }

  @Test
  void helpFitsEightyColumns() {
    for (String[] args : List.of(new String[] {"--help"}, new String[] {"compare", "--help"})) {
      Cli.run((Object[]) args).out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
    }
  }

  @Test
  void versionIsThatOfTheBuild() {
    Run run = Cli.run("--version");
    assertEquals(0, run.exitCode());
    assertTrue(run.out().matches("(?s)rosetta \\d+\\.\\d+\\.\\d+.*"), run.out());
  }
}
