package dev.rosetta.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.KernelBackends;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernels of a known speed, on a clock that only they move. */
final class VectorReportTests {
  private static final String SERVER = "OpenJDK 64-Bit Server VM";
  private static final long MICROSECOND = 1_000;

  private long nanos;
  private long allocated;

  private final Meter meter =
      new Meter() {
        @Override
        public long nanos() {
          return nanos;
        }

        @Override
        public long allocated() {
          return allocated;
        }
      };

  /** Takes its time and its heap without computing anything but {@code result}. */
  private class Planted implements KernelBackend {
    private final String name;
    private final long micros;
    private final long bytes;
    private final float result;

    Planted(String name, long micros, long bytes, float result) {
      this.name = name;
      this.micros = micros;
      this.bytes = bytes;
      this.result = result;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public int priority() {
      return 0;
    }

    @Override
    public Availability availability() {
      return new Availability.Usable("planted");
    }

    @Override
    public boolean supports(ElementType type) {
      return true;
    }

    @Override
    public void matmul(
        ElementType type,
        MemorySegment w,
        int rows,
        int columns,
        MemorySegment x,
        int tokens,
        MemorySegment y,
        int yStride) {
      y.set(ValueLayout.JAVA_FLOAT, 0, result);
      nanos += micros * MICROSECOND;
      allocated += bytes;
    }
  }

  private VectorReport report(KernelBackend vectors, String... options) {
    KernelBackend scalar = new Planted("scalar", 100, 0, 1);
    return VectorReport.of(
        new KernelBackends(List.of(scalar, vectors)),
        meter,
        new CompilerOptions(List.of(options), SERVER));
  }

  @Test
  void fastKernelsAreFine() {
    VectorReport report = report(new Planted("java", 10, 0, 1), "-XX:TieredStopAtLevel=1");
    assertEquals(
        "OK, the slowest kernel, Q4_K with 1 column runs at 10.0 times the speed of the scalar"
            + " loop",
        report.text());
    assertFalse(report.wrong());
  }

  @Test
  void aKernelThatPutsItsVectorsOnTheHeapIsNamedHoweverFastItIs() {
    KernelBackend boxing =
        new Planted("java", 10, 0, 1) {
          @Override
          public void matmul(
              ElementType type,
              MemorySegment w,
              int rows,
              int columns,
              MemorySegment x,
              int tokens,
              MemorySegment y,
              int yStride) {
            super.matmul(type, w, rows, columns, x, tokens, y, yStride);
            if (type == ElementType.Q6_K && tokens == 4) {
              allocated += 81_920;
            }
          }
        };
    VectorReport report = report(boxing, "-Xmx1g", "-XX:TieredStopAtLevel=1");
    assertEquals(
        "NOT VECTORISED, results are right but slow: Q6_K with 4 columns runs at 10.0 times the"
            + " speed of the scalar loop and takes 81920 bytes of heap at each call; start java"
            + " without -XX:TieredStopAtLevel=1",
        report.text());
    assertFalse(report.wrong());
  }

  @Test
  void aKernelSlowerThanTheScalarLoopIsNotVectorisedWhereTheHeapCannotBeSeen() {
    String text = report(new Planted("java", 200, 0, 1)).text();
    assertTrue(
        text.startsWith(
            "NOT VECTORISED, results are right but slow: Q4_K with 1 column runs at 0.5"),
        text);
    assertTrue(text.contains("no option of this JVM explains it"), text);
  }

  @Test
  void kernelsThatC2IsLateWithAreWaitedFor() {
    KernelBackend late =
        new Planted("java", 10, 0, 1) {
          @Override
          public void matmul(
              ElementType type,
              MemorySegment w,
              int rows,
              int columns,
              MemorySegment x,
              int tokens,
              MemorySegment y,
              int yStride) {
            super.matmul(type, w, rows, columns, x, tokens, y, yStride);
            if (nanos < 2_000_000_000) {
              allocated += 81_920;
              nanos += 900 * MICROSECOND;
            }
          }
        };
    assertTrue(report(late).text().startsWith("OK, "), () -> report(late).text());
  }

  @Test
  void wrongBitsAreAFailure() {
    VectorReport report = report(new Planted("java", 10, 0, 2));
    assertTrue(report.text().startsWith("FAILED, Q4_K with 1 column does not give"), report.text());
    assertTrue(report.wrong());
  }

  @Test
  void isNotCheckedWithoutTheVectorApi() {
    KernelBackend absent =
        new Planted("java", 10, 0, 1) {
          @Override
          public Availability availability() {
            return new Availability.Unusable("the module is not there");
          }
        };
    VectorReport report = report(absent);
    assertTrue(report.text().startsWith("not checked, "), report.text());
    assertTrue(report.text().contains("the module is not there"), report.text());
    assertFalse(report.wrong());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xint",
        "-XX:TieredStopAtLevel=1",
        "-XX:-EnableVectorSupport",
        "-XX:UseAVX=0",
        "-XX:CompilationMode=quick-only"
      })
  void namesTheOptionThatHoldsC2Back(String option) {
    List<String> given = List.of("-Xmx1g", option, "-XX:TieredStopAtLevel=4", "-XX:UseAVX=3");
    assertEquals("start java without " + option, new CompilerOptions(given, SERVER).remedy());
  }

  @Test
  void namesTheVirtualMachineThatHasNoC2() {
    String remedy = new CompilerOptions(List.of(), "OpenJDK 64-Bit Zero VM").remedy();
    assertTrue(remedy.startsWith("'OpenJDK 64-Bit Zero VM' has no C2"), remedy);
  }
}
