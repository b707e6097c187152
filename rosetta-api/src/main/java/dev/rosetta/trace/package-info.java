/**
 * Recorded activations: where a forward pass is observed ({@link CapturePoint}) and what was seen
 * there ({@link Trace}), with the safetensors form in which traces are saved.
 *
 * <p>Imports {@code dev.rosetta.model} and {@code dev.rosetta.spi} only.
 */
@NullMarked
package dev.rosetta.trace;

import org.jspecify.annotations.NullMarked;
