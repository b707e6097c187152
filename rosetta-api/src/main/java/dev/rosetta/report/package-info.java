/**
 * One renderer per output format: text and JSON of a comparison, of an inspection and of an error.
 *
 * <p>Immutable results of {@code dev.rosetta} flow in, text flows out; nothing is decided here that
 * the result does not say. Everything that a file could have put into a name or a message passes
 * {@link dev.rosetta.model.SafeText} on its way to a terminal. Imports {@code dev.rosetta}, {@code
 * model} and {@code trace}.
 */
@NullMarked
package dev.rosetta.report;

import org.jspecify.annotations.NullMarked;
