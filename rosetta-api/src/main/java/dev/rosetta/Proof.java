package dev.rosetta;

/** How far a diagnosis has been tested. */
public enum Proof {
  /** Applying the fix in memory and running again removed the divergence. */
  PROVEN,
  /** The fingerprint fits; the fix was not run. */
  CONSISTENT,
  /** A pointer, no more. */
  HINT
}
