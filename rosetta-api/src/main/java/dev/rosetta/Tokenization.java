package dev.rosetta;

import java.util.List;

/**
 * A text as token ids.
 *
 * @param ids token ids
 * @param pieces the text of each id, in the vocabulary's spelling
 */
public record Tokenization(List<Integer> ids, List<String> pieces) {}
