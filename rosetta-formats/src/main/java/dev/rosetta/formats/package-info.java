/**
 * What the formats share. For readers: where the data of tensors may be read. For writers: a tensor
 * to be written, its data as a stream of encoded bytes, and the atomic replacement of a file.
 *
 * <p>Tensor entries flow in, a complete file comes out or none. Imports {@code dev.rosetta.model}
 * and {@code dev.rosetta.formats.json}.
 */
@NullMarked
package dev.rosetta.formats;

import org.jspecify.annotations.NullMarked;
