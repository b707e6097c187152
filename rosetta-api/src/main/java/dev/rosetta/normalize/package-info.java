/**
 * From what a file says to what the engine runs: tensor roles, dims as {@code [out, in]}, Q/K rows
 * in half-split order, fused tensors as row ranges, and the effective configuration with origins.
 *
 * <p>A {@link dev.rosetta.model.ModelSource} flows in, a {@link dev.rosetta.normalize.Model} flows
 * out, together with a record of everything that was normalised. Imports {@code model} and {@code
 * spi}.
 */
@NullMarked
package dev.rosetta.normalize;

import org.jspecify.annotations.NullMarked;
