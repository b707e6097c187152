/**
 * The fault bench: tiny models are written to files with one planted fault, or healthily in two
 * ways, and compared; what the reports say is scored.
 *
 * <p>Faults are made by code of this package alone, never by what detects them. Imports the front
 * door, {@code model} and the writers of {@code formats}.
 */
@NullMarked
package dev.rosetta.bench;

import org.jspecify.annotations.NullMarked;
