/**
 * Random models that behave like trained ones in size and magnitude: test material without a
 * download.
 *
 * <p>A shape, a mix of element types and a seed flow in; a model flows out that {@code convert}
 * writes in any format. Imports {@code dev.rosetta.model}, {@code convert} and {@code quant}.
 */
@NullMarked
package dev.rosetta.formats.synth;

import org.jspecify.annotations.NullMarked;
