package dev.rosetta.cli;

import dev.rosetta.RosettaComparator;
import dev.rosetta.formats.apr.AprFormat;
import dev.rosetta.model.ElementType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Option;

/** What the user knows about an APR file that the file does not say. */
final class PairOrderOption {
  private static final Set<ElementType> TYPES = Set.of(ElementType.Q4_K, ElementType.Q6_K);

  @Option(
      names = "--pair-order",
      paramLabel = "SIDE[:TYPE]",
      description =
          "Read the K-quants of side a or b, an APR file, in the pair order that aprender's own"
              + " quantiser stored from 22 January to 4 February 2026. TYPE is q4_k or q6_k."
              + " Default: both, of neither side.")
  List<String> sides = new ArrayList<>();

  /**
   * The comparator that reads as requested, or a usage error where a side is no APR file and so has
   * no such blocks.
   */
  RosettaComparator comparator(Usage usage, Comparators comparators, Path a, Path b) {
    if (sides.isEmpty()) {
      return comparators.get();
    }
    Map<Path, Set<ElementType>> types = new HashMap<>();
    for (String side : sides) {
      String[] parts = side.toLowerCase(Locale.ROOT).split(":", 2);
      Set<ElementType> asked = parts.length == 1 ? TYPES : Set.of(type(usage, parts[1]));
      Path path = path(usage, parts[0], a, b);
      requireApr(usage, side, path);
      types.computeIfAbsent(path, _ -> new HashSet<>()).addAll(asked);
    }
    if (a.equals(b)) {
      throw usage.error(
          "--pair-order "
              + sides.getFirst()
              + ": both sides are "
              + a
              + "; copy it to another name");
    }
    return RosettaComparator.create(new AprFormat(types));
  }

  private static Path path(Usage usage, String side, Path a, Path b) {
    return switch (side) {
      case "a" -> a;
      case "b" -> b;
      default -> throw usage.error("--pair-order: '" + side + "' is no side; write a or b");
    };
  }

  private static void requireApr(Usage usage, String side, Path path) {
    if (!AprFormat.isApr(path)) {
      throw usage.error("--pair-order " + side + ": " + path + " is no APR file");
    }
  }

  private static ElementType type(Usage usage, String name) {
    return switch (name) {
      case "q4_k" -> ElementType.Q4_K;
      case "q6_k" -> ElementType.Q6_K;
      default ->
          throw usage.error("--pair-order: '" + name + "' was never in pairs; write q4_k or q6_k");
    };
  }
}
