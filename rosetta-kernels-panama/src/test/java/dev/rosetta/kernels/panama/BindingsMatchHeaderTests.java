package dev.rosetta.kernels.panama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.rosetta.kernels.panama.generated.RosettaKernels;
import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bindings kept in the tree say what the header says, as the C compiler understands it. */
class BindingsMatchHeaderTests {
  private static final Path HEADER = Path.of("../native/include/rosetta_kernels.h");
  private static final Map<String, MemoryLayout> LAYOUTS =
      Map.of(
          "int32_t", RosettaKernels.C_INT,
          "int", RosettaKernels.C_INT,
          "int64_t", RosettaKernels.C_LONG,
          "long int", RosettaKernels.C_LONG,
          "float", RosettaKernels.C_FLOAT);

  @BeforeAll
  static void needsTheHeader() {
    Assumptions.assumeTrue(Files.exists(HEADER), "no native sources beside this module");
  }

  @Test
  void functionsHaveTheHeadersPrototypes(@TempDir Path folder)
      throws IOException, InterruptedException {
    // Descriptors live beside the addresses of the symbols, so that reading one needs the library.
    NativeRequired.assumeLoaded();
    Map<String, String> prototypes = prototypes(HEADER, folder);
    assertFalse(prototypes.isEmpty(), "the compiler listed no prototype");
    assertEquals(lines(prototypes), lines(boundFunctions()));
  }

  @Test
  void constantsHaveTheHeadersValues() throws IOException {
    Map<String, String> defined = new TreeMap<>();
    Matcher define =
        Pattern.compile("(?m)^#define (ROSETTA_\\w+) (\\d+)\\b").matcher(Files.readString(HEADER));
    while (define.find()) {
      defined.put(define.group(1), define.group(2));
    }
    Map<String, String> bound = new TreeMap<>();
    for (Method method : RosettaKernels.class.getDeclaredMethods()) {
      if (method.getName().startsWith("ROSETTA_")) {
        bound.put(method.getName(), String.valueOf(invoke(method)));
      }
    }
    assertFalse(defined.isEmpty(), "the header defines no constant");
    assertEquals(lines(defined), lines(bound));
  }

  @Test
  void everythingBoundIsAskedOfJextract() throws IOException {
    String includes = Files.readString(Path.of("rosetta.includes"));
    String wanted =
        Stream.of(RosettaKernels.class.getDeclaredMethods())
            .map(Method::getName)
            .filter(name -> !name.contains("$"))
            .map(name -> (name.startsWith("ROSETTA_") ? "constant " : "function ") + name)
            .map(entry -> "--include-" + entry)
            .sorted()
            .collect(Collectors.joining("\n"));
    assertEquals(wanted, includes.lines().sorted().collect(Collectors.joining("\n")));
  }

  /** Function name to descriptor, as {@code gcc -aux-info} prints the header's declarations. */
  private static Map<String, String> prototypes(Path header, Path folder)
      throws IOException, InterruptedException {
    Path list = folder.resolve("prototypes");
    String[] command = {"gcc", "-fsyntax-only", "-aux-info", list.toString(), header.toString()};
    Process gcc;
    try {
      gcc = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      return Assumptions.abort("no gcc: " + e.getMessage());
    }
    String output = new String(gcc.getInputStream().readAllBytes());
    assertEquals(0, gcc.waitFor(), output);
    Map<String, String> prototypes = new TreeMap<>();
    Matcher line =
        Pattern.compile("(?m)extern (.*?) ?\\b(rosetta_\\w+) \\((.*?)\\);")
            .matcher(Files.readString(list));
    while (line.find()) {
      String parameters =
          line.group(3).equals("void")
              ? ""
              : Stream.of(line.group(3).split(", "))
                  .map(BindingsMatchHeaderTests::layout)
                  .collect(Collectors.joining());
      prototypes.put(line.group(2), "(" + parameters + ")" + layout(line.group(1)));
    }
    return prototypes;
  }

  private static String layout(String type) {
    MemoryLayout layout = type.endsWith("*") ? RosettaKernels.C_POINTER : LAYOUTS.get(type.strip());
    return layout == null ? "<" + type + ">" : plain(layout);
  }

  private static Map<String, String> boundFunctions() {
    Map<String, String> bound = new TreeMap<>();
    for (Method method : RosettaKernels.class.getDeclaredMethods()) {
      String name = method.getName();
      if (name.endsWith("$descriptor")) {
        FunctionDescriptor descriptor = (FunctionDescriptor) invoke(method);
        String parameters =
            descriptor.argumentLayouts().stream()
                .map(BindingsMatchHeaderTests::plain)
                .collect(Collectors.joining());
        String result = plain(descriptor.returnLayout().orElseThrow());
        bound.put(name.substring(0, name.indexOf('$')), "(" + parameters + ")" + result);
      }
    }
    return bound;
  }

  /** The layout's one-letter form; pointers without what they point to. */
  private static String plain(MemoryLayout layout) {
    return layout instanceof java.lang.foreign.AddressLayout ? "a8" : layout.toString();
  }

  private static Object invoke(Method method) {
    try {
      return method.invoke(null);
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  private static String lines(Map<String, String> entries) {
    return entries.entrySet().stream().map(Object::toString).collect(Collectors.joining("\n"));
  }
}
