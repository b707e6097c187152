/**
 * Recorded activations: where a forward pass is observed ({@link CapturePoint}) and what was seen
 * there ({@link Trace}).
 *
 * <p>Imports {@code dev.rosetta.model} only; the forms in which traces are saved are plug-ins
 * ({@link dev.rosetta.spi.TraceFormat}).
 */
@NullMarked
package dev.rosetta.trace;

import org.jspecify.annotations.NullMarked;
