package dev.rosetta.kernels.panama;

import org.junit.jupiter.api.Assumptions;

/** Skips tests of the native library where the build has none. */
final class NativeRequired {
  private NativeRequired() {}

  static void assumeLoaded() {
    if (NativeLibrary.get() instanceof NativeLibrary.Missing(String reason)) {
      Assumptions.abort(reason);
    }
  }
}
