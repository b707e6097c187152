/**
 * The forward pass: a {@link dev.rosetta.normalize.Model} and token ids flow in, the activations of
 * every capture point flow out, one {@link dev.rosetta.engine.Operation} at a time.
 *
 * <p>All arithmetic is float32 in an order that depends on nothing but the shapes, so results have
 * the same bits on every machine, back end and thread count. Imports {@code model}, {@code spi},
 * {@code trace} and {@code normalize}.
 */
@NullMarked
package dev.rosetta.engine;

import org.jspecify.annotations.NullMarked;
