package dev.rosetta;

/** One of the two inputs of a comparison. */
public enum Side {
  A,
  B
}
