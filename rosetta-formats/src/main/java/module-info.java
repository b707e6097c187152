/** Readers and writers of GGUF, SafeTensors and APR, and the codecs of their element types. */
module dev.rosetta.formats {
  requires transitive dev.rosetta;
  requires tools.jackson.core;

  exports dev.rosetta.formats;
}
