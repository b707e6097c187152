/**
 * The kernels in C, called through {@code java.lang.foreign}: encoded weights and float32
 * activations in native memory flow in, float32 results flow out.
 *
 * <p>Finds, checks and loads the library, picks an instruction tier, and checks every bound before
 * a call. Imports {@code dev.rosetta.spi} and {@code dev.rosetta.model}.
 */
@NullMarked
package dev.rosetta.kernels.panama;

import org.jspecify.annotations.NullMarked;
