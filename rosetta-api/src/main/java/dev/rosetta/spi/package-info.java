/**
 * What a plug-in implements: file and trace formats, element codecs and kernel back ends, found by
 * {@link java.util.ServiceLoader}.
 *
 * <p>A provider is declared both in {@code module-info.java} and in {@code META-INF/services}, so
 * that it works on the module path and on the class path. Imports {@code dev.rosetta.model} and
 * {@code dev.rosetta.trace} only.
 */
@NullMarked
package dev.rosetta.spi;

import org.jspecify.annotations.NullMarked;
