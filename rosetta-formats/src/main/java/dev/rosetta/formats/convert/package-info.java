/**
 * One model in any format: what it is by role, in half-split row order, and how GGUF, APR and
 * SafeTensors name and store that.
 *
 * <p>A model source or a synthetic model flows in, a complete file comes out with a list of what
 * could not be carried over. Imports {@code dev.rosetta.model}, {@code dev.rosetta.spi} and the
 * writers.
 */
@NullMarked
package dev.rosetta.formats.convert;

import org.jspecify.annotations.NullMarked;
