package dev.rosetta.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** A first argument that is neither a command nor a file, but nearly a command. */
final class Misspelling {
  private static final int MOST_EDITS = 2;

  private Misspelling() {}

  /** The command that {@code word} probably stands for. */
  static Optional<String> of(String word, Collection<String> commands) {
    if (!word.matches("[A-Za-z]{3,}") || Files.exists(Path.of(word))) {
      return Optional.empty();
    }
    return commands.stream()
        .min(Comparator.comparingInt(command -> edits(word, command)))
        .filter(command -> edits(word, command) <= MOST_EDITS);
  }

  /** Levenshtein's distance: the fewest letters to insert, remove or replace. */
  private static int edits(String from, String to) {
    int[] row = new int[to.length() + 1];
    for (int j = 0; j <= to.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[to.length()];
  }
}
