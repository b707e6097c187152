/**
 * SafeTensors: single files, shards with their index, and Hugging Face directories.
 *
 * <p>Paths flow in, a {@link dev.rosetta.model.ModelSource} comes out; tensor entries flow in, a
 * file comes out. Imports {@code dev.rosetta.model}, {@code spi}, {@code trace}, {@code
 * dev.rosetta.formats}, {@code formats.json} and {@code formats.huggingface}.
 */
@NullMarked
package dev.rosetta.formats.safetensors;

import org.jspecify.annotations.NullMarked;
