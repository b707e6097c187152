/**
 * Bindings of {@code native/include/rosetta_kernels.h} in the shape that jextract emits, so that
 * who has the tool can regenerate them in place: {@code mvn -Pjextract -Djextract.home=…
 * generate-sources}. A test holds them to the header. Imports {@code java.lang.foreign} alone.
 */
package dev.rosetta.kernels.panama.generated;
