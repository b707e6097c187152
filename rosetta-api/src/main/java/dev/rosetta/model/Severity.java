package dev.rosetta.model;

/** How much a finding matters. */
public enum Severity {
  /** A fault: the verdict cannot be a match. */
  ERROR,
  /** Odd or risky, but not a fault by itself. */
  WARNING,
  /** Worth knowing. */
  INFO
}
