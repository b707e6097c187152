package dev.rosetta.cli;

import dev.rosetta.cli.VectorCheck.Kernel;
import dev.rosetta.spi.KernelBackend;
import dev.rosetta.spi.KernelBackends;
import java.util.Locale;

/**
 * What {@code doctor} says of the kernels on the Vector API.
 *
 * @param wrong whether a result is not that of the scalar loop
 */
record VectorReport(String text, boolean wrong) {
  /** C2 shares the processors with whatever else runs. */
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  /** Where an option holds C2 back. */
  private static final long PATIENCE_IN_VAIN_NANOS = 2_500_000_000L;

  static VectorReport of(KernelBackends backends, Meter meter, CompilerOptions options) {
    KernelBackend vectors;
    KernelBackend scalar;
    try {
      vectors = backends.choose("java");
      scalar = backends.choose("scalar");
    } catch (IllegalArgumentException e) {
      return new VectorReport("not checked, " + e.getMessage(), false);
    }
    long patience = options.harmful().isEmpty() ? PATIENCE_NANOS : PATIENCE_IN_VAIN_NANOS;
    Kernel kernel = new VectorCheck(scalar, vectors, meter, patience).worst();
    String speed =
        String.format(
            Locale.ROOT,
            "%s runs at %.1f times the speed of the scalar loop",
            kernel.name(),
            kernel.ofScalar());
    if (!kernel.sameBits()) {
      return new VectorReport(
          "FAILED, " + kernel.name() + " does not give the bits of the scalar loop", true);
    }
    if (kernel.isVectorised()) {
      return new VectorReport("OK, the slowest kernel, " + speed, false);
    }
    return new VectorReport(
        "NOT VECTORISED, results are right but slow: "
            + speed
            + (kernel.allocated() > 0
                ? " and takes " + kernel.allocated() + " bytes of heap at each call"
                : "")
            + "; "
            + options.remedy(),
        false);
  }
}
