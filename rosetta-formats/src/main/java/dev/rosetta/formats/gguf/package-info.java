/**
 * GGUF, the format of llama.cpp: reader of versions 1 to 3, single and split, and writer of version
 * 3.
 *
 * <p>An untrusted file flows in; a {@link dev.rosetta.model.ModelSource} whose every offset was
 * checked flows out. Imports {@code dev.rosetta.model}, {@code dev.rosetta.spi} and {@code
 * dev.rosetta.formats}. The layout follows ggml's {@code docs/gguf.md}.
 */
@NullMarked
package dev.rosetta.formats.gguf;

import org.jspecify.annotations.NullMarked;
