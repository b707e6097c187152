package dev.rosetta.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** What may keep the JVM from compiling with C2 or with vector instructions. */
record CompilerOptions(List<String> given, String virtualMachine) {
  /** Variables that the JVM and its launcher take options from. */
  private static final List<String> VARIABLES =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  private static final Pattern HARMFUL =
      Pattern.compile(
          "-Xint|-XX:TieredStopAtLevel=[0-3]|-XX:-EnableVectorSupport|-XX:-UseCompiler"
              + "|-XX:UseAVX=[01]|-XX:-UseFMA|-XX:MaxVectorSize=.*|-XX:-UseSuperWord"
              + "|-XX:\\+UseJVMCICompiler|-XX:CompileCommand=.*|-XX:-Inline|-XX:-DoEscapeAnalysis"
              + "|-XX:-EliminateAllocations|-XX:ReservedCodeCacheSize=.*"
              + "|-XX:CompilationMode=(?!default|high-only).*|-Drosetta\\.vector\\.bits=.*");

  /** Those of this process. */
  static CompilerOptions ofProcess() {
    List<String> given =
        new ArrayList<>(List.of(ProcessHandle.current().info().arguments().orElse(new String[0])));
    for (String variable : VARIABLES) {
      String value = System.getenv(variable);
      if (value != null) {
        given.addAll(List.of(value.strip().split("\\s+")));
      }
    }
    return new CompilerOptions(given, System.getProperty("java.vm.name"));
  }

  /** Those that C2 or its vectors may suffer from. */
  List<String> harmful() {
    return given.stream().filter(option -> HARMFUL.matcher(option).matches()).distinct().toList();
  }

  /** One sentence: what to do so that kernels are compiled to vector instructions. */
  String remedy() {
    if (!harmful().isEmpty()) {
      return "start java without " + String.join(" ", harmful());
    }
    if (!virtualMachine.toLowerCase(Locale.ROOT).contains("server")) {
      return "'" + virtualMachine + "' has no C2: use a JDK with the HotSpot Server VM";
    }
    return "no option of this JVM explains it: run 'rosetta doctor' again while the machine is"
        + " idle; if it stays, use --backend panama or another build of the JDK";
  }
}
