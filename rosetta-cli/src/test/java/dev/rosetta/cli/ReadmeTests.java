package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.cli.Cli.Run;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README and the pages under docs show is true. */
final class ReadmeTests {
  private static final Pattern BLOCK =
      Pattern.compile("^```(\\w+)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  @TempDir static Path folder;
  private static Path root;
  private static DemoFiles files;

  @BeforeAll
  static void write() {
    files = DemoFiles.write(folder);
    root = Path.of("").toAbsolutePath();
    while (!Files.exists(root.resolve("mvnw"))) {
      root = root.getParent();
    }
  }

  private static List<String> blocks(String page, String language) throws IOException {
    List<String> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(root.resolve(page)));
    while (matcher.find()) {
      if (matcher.group(1).equals(language)) {
        blocks.add(matcher.group(2));
      }
    }
    return blocks;
  }

  @Test
  void reportIsWhatTheDemoPrints() throws IOException {
    assertEquals(blocks("README.md", "text").getFirst(), Cli.run("demo").out());
  }

  @Test
  void exampleCompilesAndJudges() throws Exception {
    Path source = folder.resolve("Gate.java");
    Files.writeString(source, blocks("README.md", "java").getFirst());
    String classPath = System.getProperty("java.class.path");
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "--release",
                "25",
                "-cp",
                classPath,
                "-d",
                folder.toString(),
                source.toString());
    assertEquals(0, compiled);
    assertEquals(0, gate(classPath, files.healthy()));
    assertEquals(1, gate(classPath, files.planted()));
  }

  /** Runs the example in a JVM of its own, since it ends the one that it runs in. */
  private static int gate(String classPath, Path model) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                folder + File.pathSeparator + classPath,
                "Gate",
                model.toString(),
                files.gguf().toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("gate.txt").toFile())
            .start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the example does not end");
    String out = Files.readString(folder.resolve("gate.txt"));
    assertEquals(
        model.equals(files.planted()), out.contains("WEIGHT_TRANSPOSED layers.0.qkv"), out);
    return process.exitValue();
  }

  @Test
  void everyCommandShownRuns() throws IOException {
    Path recorded = folder.resolve("recorded.safetensors");
    Cli.run("trace", files.gguf(), "--prompt", "2+2=", "-o", recorded);
    int commands = 0;
    for (String page : List.of("README.md", "docs/from-symptom-to-command.md")) {
      for (String block : blocks(page, "sh")) {
        for (String line : block.lines().toList()) {
          String command = line.replaceFirst("\\s+#.*", "").strip();
          if (command.startsWith("./rosetta ")) {
            Run run = Cli.run((Object[]) arguments(command));
            assertEquals(0, run.exitCode(), line + ": " + run);
            commands++;
          }
        }
      }
    }
    assertTrue(commands > 10, commands + " commands");
  }

  /** The words of a command, with real files for the names that the pages use. */
  private static String[] arguments(String command) {
    Matcher words = Pattern.compile("\"([^\"]*)\"|(\\S+)").matcher(command);
    List<String> arguments = new ArrayList<>();
    while (words.find()) {
      String word = words.group(1) == null ? words.group(2) : words.group(1);
      arguments.add(
          switch (word) {
            case "model.gguf", "original.gguf", "a.gguf", "b.gguf", "broken.gguf", "hf-folder" ->
                files.gguf().toString();
            case "model.apr", "converted.apr", "b.apr" -> files.healthy().toString();
            case "recorded.safetensors", "r.json", "tiny.gguf", "new.apr" ->
                folder.resolve(word).toString();
            case "json=rosetta.json" -> "json=" + folder.resolve("rosetta.json");
            default -> word;
          });
    }
    arguments.removeFirst();
    return arguments.toArray(String[]::new);
  }

  @Test
  void linksLeadToFiles() throws IOException {
    Matcher links =
        Pattern.compile("]\\(([^):#]+)\\)").matcher(Files.readString(root.resolve("README.md")));
    int found = 0;
    while (links.find()) {
      assertTrue(Files.exists(root.resolve(links.group(1))), links.group(1));
      found++;
    }
    assertTrue(found > 1);
    assertFalse(
        Files.readString(root.resolve("README.md")).toLowerCase(Locale.ROOT).contains("todo"));
  }
}
