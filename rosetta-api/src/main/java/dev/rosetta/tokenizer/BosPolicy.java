package dev.rosetta.tokenizer;

/** Whether the ids of a text are framed by beginning- and end-of-sequence tokens. */
public enum BosPolicy {
  /** Both ends as the tokenizer's rules say. */
  AUTO,
  /** BOS in front whatever the rules say; the end as the rules say. */
  ON,
  /** The text alone. */
  OFF
}
