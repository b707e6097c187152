/**
 * The element types: one codec for each, its block layout beside the plain code that defines it.
 *
 * <p>Encoded blocks flow in, float32 values flow out, found through {@link
 * dev.rosetta.spi.ElementCodec}. Imports {@code dev.rosetta.model} and {@code dev.rosetta.spi}.
 */
@NullMarked
package dev.rosetta.formats.quant;

import org.jspecify.annotations.NullMarked;
