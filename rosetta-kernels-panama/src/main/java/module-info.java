/** Kernels in C with AVX2 and AVX-512, called through java.lang.foreign. */
module dev.rosetta.kernels.panama {
  requires dev.rosetta;

  provides dev.rosetta.spi.KernelBackend with
      dev.rosetta.kernels.panama.PanamaBackend;
}
