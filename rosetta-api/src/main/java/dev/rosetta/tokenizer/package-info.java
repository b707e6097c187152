/**
 * Text to token ids and back, and how two tokenizers differ.
 *
 * <p>A {@link dev.rosetta.model.Vocabulary} as its file states it goes in; what the file leaves
 * open is settled by {@link dev.rosetta.tokenizer.TokenizerRules}. Ids, pieces and differences come
 * out. Imports nothing of Rosetta but {@code dev.rosetta.model}.
 */
@NullMarked
package dev.rosetta.tokenizer;

import org.jspecify.annotations.NullMarked;
