package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import dev.rosetta.spi.Availability;
import dev.rosetta.spi.KernelBackend;
import java.lang.foreign.MemorySegment;

/**
 * The Vector API back end, with vectors as wide as the machine's, at most 512 bits. Its kernels
 * live in {@link VectorKernels}, which is loaded only where {@code jdk.incubator.vector} is
 * present.
 */
public final class VectorBackend implements KernelBackend {
  private static final String MODULE = "jdk.incubator.vector";

  /** Found by {@link java.util.ServiceLoader}. */
  public VectorBackend() {}

  @Override
  public String name() {
    return "java";
  }

  @Override
  public int priority() {
    return 10;
  }

  @Override
  public Availability availability() {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      return new Availability.Unusable(
          "the module " + MODULE + " is not there; start java with --add-modules " + MODULE);
    }
    return new Availability.Usable("Vector API, " + VectorKernels.bits() + "-bit vectors");
  }

  @Override
  public boolean supports(ElementType type) {
    return BlockDecoder.supports(type);
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
    Operands.check(type, w, rows, columns, x, tokens, y, yStride);
    VectorKernels.matmul(type, w, rows, columns, x, tokens, y, yStride);
  }
}
