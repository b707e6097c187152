/**
 * The nouns that every other package shares: tensors, element types, roles, metadata, vocabulary,
 * effective configuration and the errors of a model file.
 *
 * <p>Everything here is data. The package imports nothing else of Rosetta.
 */
@NullMarked
package dev.rosetta.model;

import org.jspecify.annotations.NullMarked;
