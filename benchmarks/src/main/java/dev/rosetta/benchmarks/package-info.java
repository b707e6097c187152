/**
 * Measurements: kernels against each other and against the processor's limits, and whole
 * comparisons. Random weights flow in, figures flow out; every result is cross-checked before it is
 * timed. May import every module of the project; nothing imports it.
 */
@NullMarked
package dev.rosetta.benchmarks;

import org.jspecify.annotations.NullMarked;
