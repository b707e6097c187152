package dev.rosetta.tokenizer;

/**
 * One respect in which two tokenizers differ.
 *
 * @param field what differs: {@code tokens}, {@code merges}, {@code scores}, {@code token_type},
 *     {@code model}, {@code pre}, {@code bos_token_id}, {@code add_bos_token}, …
 * @param a side A's value, with the first id or rank that differs
 * @param b side B's value there
 * @param kind how much it matters
 */
public record VocabularyDifference(String field, String a, String b, Kind kind) {

  /** How much a difference matters. */
  public enum Kind {
    /** Both files state it, and differently: ids of a text can differ. */
    DIFFERENT,
    /** One file leaves it open; the value shown for it is the default, or that it is missing. */
    UNSTATED,
    /** Another spelling of the same, or padding that no text leads to. */
    BENIGN
  }
}
