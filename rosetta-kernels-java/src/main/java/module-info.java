/** Kernels in Java: the scalar reference, which defines every result, and the Vector API back end. */
module dev.rosetta.kernels.java {
  requires dev.rosetta;
}
