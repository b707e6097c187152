/**
 * Back ends in Java: {@link dev.rosetta.kernels.java.ScalarBackend} defines the result, {@link
 * dev.rosetta.kernels.java.VectorBackend} computes the same bits with the Vector API.
 *
 * <p>Imports {@code dev.rosetta.spi} and {@code dev.rosetta.model} only. Classes that name {@code
 * jdk.incubator.vector} are loaded only where that module is present.
 */
@NullMarked
package dev.rosetta.kernels.java;

import org.jspecify.annotations.NullMarked;
