/**
 * Back ends in Java: {@link dev.rosetta.kernels.java.ScalarBackend} defines the result, {@link
 * dev.rosetta.kernels.java.VectorBackend} computes the same bits with the Vector API.
 *
 * <p>Imports {@code dev.rosetta.spi} and {@code dev.rosetta.model} only. Classes that name {@code
 * jdk.incubator.vector} are loaded only where that module is present.
 *
 * <p>Loops with vectors call nothing but the Vector API, repetitive as that is. C2 inlines its
 * methods always, but one of ours only where its call counts and the size of the compilation let
 * it; where they do not, the vectors that go in and come out are objects on the heap, and the loop
 * takes five times as long, in one process and not in the next. For the same reason each sum starts
 * from a zero of its own: where two share one, C2 may not learn the type of either.
 */
@NullMarked
package dev.rosetta.kernels.java;

import org.jspecify.annotations.NullMarked;
