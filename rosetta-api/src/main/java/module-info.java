/** Rosetta's library: compares two language-model files operation by operation. */
module dev.rosetta {
  requires transitive org.jspecify;
  requires tools.jackson.core;

  exports dev.rosetta;
  exports dev.rosetta.model;
  exports dev.rosetta.report;
  exports dev.rosetta.spi;
  exports dev.rosetta.trace;

  uses dev.rosetta.spi.ElementCodec;
  uses dev.rosetta.spi.KernelBackend;
  uses dev.rosetta.spi.ModelFormat;
  uses dev.rosetta.spi.TraceFormat;
}
