/**
 * Kernels in Java: the scalar reference, which defines every result, and the Vector API back end.
 */
module dev.rosetta.kernels.java {
  requires dev.rosetta;
  requires static jdk.incubator.vector;

  provides dev.rosetta.spi.KernelBackend with
      dev.rosetta.kernels.java.VectorBackend,
      dev.rosetta.kernels.java.ScalarBackend;
}
