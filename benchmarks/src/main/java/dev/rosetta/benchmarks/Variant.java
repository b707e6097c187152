package dev.rosetta.benchmarks;

import dev.rosetta.kernels.java.ScalarBackend;
import dev.rosetta.kernels.java.VectorBackend;
import dev.rosetta.kernels.panama.PanamaBackend;
import dev.rosetta.kernels.panama.Tier;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.util.Optional;

/** What is measured side by side: each back end, the native one in each tier. */
public enum Variant {
  SCALAR,
  JAVA,
  PANAMA_PORTABLE,
  PANAMA_AVX2,
  PANAMA_AVX512;

  /**
   * The back end.
   *
   * @throws IllegalStateException if it cannot be used here; the message says why
   */
  KernelBackend open() {
    KernelBackend backend =
        this == SCALAR
            ? new ScalarBackend()
            : this == JAVA ? new VectorBackend() : new PanamaBackend(nativeTier().orElseThrow());
    if (backend.availability() instanceof Availability.Unusable(String reason)) {
      throw new IllegalStateException(reason);
    }
    return backend;
  }

  /** Whether it can be used here. */
  boolean isUsable() {
    try {
      open();
      return true;
    } catch (IllegalStateException | IllegalArgumentException e) {
      return false;
    }
  }

  /** The instructions it runs on: {@code avx512}; for Java what the machine offers. */
  String tier() {
    return nativeTier().map(Tier::toString).orElse(this == JAVA ? "vector" : "none");
  }

  /** The native tier; empty for Java. */
  Optional<Tier> nativeTier() {
    return switch (this) {
      case SCALAR, JAVA -> Optional.empty();
      case PANAMA_PORTABLE -> Optional.of(Tier.PORTABLE);
      case PANAMA_AVX2 -> Optional.of(Tier.AVX2);
      case PANAMA_AVX512 -> Optional.of(Tier.AVX512);
    };
  }
}
