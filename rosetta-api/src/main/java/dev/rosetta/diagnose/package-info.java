/**
 * From differences to causes: each fault class is a hypothesis that is tested on values and, where
 * a repair exists, proven by applying it in memory and running again.
 *
 * <p>The facts of a comparison flow in, {@link dev.rosetta.Diagnosis} records flow out. Imports
 * {@code compare}, {@code normalize}, {@code model} and the report records of {@code dev.rosetta}.
 */
@NullMarked
package dev.rosetta.diagnose;

import org.jspecify.annotations.NullMarked;
