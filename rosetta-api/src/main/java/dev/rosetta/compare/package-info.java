/**
 * Two models against each other: config, weights, and a forward pass of both in lockstep, each
 * operation judged on the same input.
 *
 * <p>Two {@link dev.rosetta.normalize.Model}s flow in, the facts of a report flow out; naming
 * causes is {@code diagnose}'s work. Imports {@code model}, {@code trace}, {@code normalize},
 * {@code spi}, {@code engine} and the report records of {@code dev.rosetta}.
 */
@NullMarked
package dev.rosetta.compare;

import org.jspecify.annotations.NullMarked;
