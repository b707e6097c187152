/**
 * JSON from untrusted files: bytes in, plain maps and lists out, every limit and fault a {@link
 * dev.rosetta.model.ModelException} with its byte offset.
 *
 * <p>Imports {@code dev.rosetta.model} and Jackson's streaming parser only.
 */
@NullMarked
package dev.rosetta.formats.json;

import org.jspecify.annotations.NullMarked;
