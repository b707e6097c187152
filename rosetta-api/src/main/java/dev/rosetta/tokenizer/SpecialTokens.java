package dev.rosetta.tokenizer;

/** What the spelling of a control token in a text stands for; user-defined tokens always match. */
public enum SpecialTokens {
  /** The token itself: {@code <|im_end|>} is one id. */
  PARSE,
  /** Plain characters, so that a text cannot smuggle in control tokens. */
  AS_TEXT
}
