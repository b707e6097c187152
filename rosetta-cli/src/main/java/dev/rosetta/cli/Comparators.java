package dev.rosetta.cli;

import dev.rosetta.RosettaComparator;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The comparator of a run, made when a command first needs it. Not thread-safe. */
final class Comparators implements Supplier<RosettaComparator> {
  private @Nullable RosettaComparator comparator;

  @Override
  public RosettaComparator get() {
    if (comparator == null) {
      comparator = RosettaComparator.create();
    }
    return comparator;
  }
}
