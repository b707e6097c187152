package dev.rosetta.spi;

/** Whether a back end can be used here, and why. */
public sealed interface Availability {

  /** One sentence for the user: what it runs on, or what is missing and how to get it. */
  String reason();

  /** The back end works on this machine. */
  record Usable(String reason) implements Availability {}

  /** The back end cannot be used here. */
  record Unusable(String reason) implements Availability {}
}
