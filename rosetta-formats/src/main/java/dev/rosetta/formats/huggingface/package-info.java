/**
 * The JSON files of a Hugging Face model directory: configuration, shard index, tokenizer.
 *
 * <p>Files flow in, plain maps, file lists and {@link dev.rosetta.model.Vocabulary} come out.
 * Imports {@code dev.rosetta.model}, {@code dev.rosetta.spi} and {@code dev.rosetta.formats.json}.
 */
@NullMarked
package dev.rosetta.formats.huggingface;

import org.jspecify.annotations.NullMarked;
