package dev.rosetta.cli;

import java.util.Locale;

/** The forms a report comes in. */
enum Format {
  TEXT,
  JSON;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
