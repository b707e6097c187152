/**
 * Weights that SafeTensors folders keep as several tensors: low-bit codes, their scales and more.
 *
 * <p>A tensor directory and the quantisation that {@code config.json} states flow in; out comes a
 * directory in which each such weight is one tensor, decoded to float32 as it is read. Imports
 * {@code dev.rosetta.model}, {@code dev.rosetta.spi}, {@code dev.rosetta.formats.json} and {@code
 * dev.rosetta.formats.quant}.
 */
@NullMarked
package dev.rosetta.formats.packed;

import org.jspecify.annotations.NullMarked;
