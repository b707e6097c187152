package dev.rosetta.model;

/** Whose key names a source's metadata uses. */
public enum MetadataDialect {
  /** {@code general.architecture}, {@code llama.embedding_length}, … */
  GGUF,
  /** The fields of aprender's V2 metadata: {@code hidden_size}, {@code rope_type}, … */
  APR,
  /** The fields of a Hugging Face {@code config.json}: {@code num_hidden_layers}, … */
  HUGGING_FACE
}
