/**
 * Reads and writes APR files, and reads APRT activation dumps.
 *
 * <p>A path flows in; a {@link dev.rosetta.model.ModelSource} that says what the file says, or a
 * {@link dev.rosetta.trace.Trace}, comes out. Imports {@code dev.rosetta.model}, {@code spi},
 * {@code trace}, {@code dev.rosetta.formats} and its {@code json}.
 */
@NullMarked
package dev.rosetta.formats.apr;

import org.jspecify.annotations.NullMarked;
