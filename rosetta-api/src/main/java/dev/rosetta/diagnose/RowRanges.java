package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.diagnose.TableRows.Agreement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Whole rows of an embedding or head that hold other values while all others agree: added tokens
 * whose rows were trained on one side and initialised again, or never written, on the other.
 */
final class RowRanges {
  /** More ranges are no resized table but something that befell all of it. */
  private static final int MOST_RANGES = 8;

  private RowRanges() {}

  static Optional<Explanation> replaced(Suspicion s) {
    if (!TableRows.isTable(s.role()) || s.isVector()) {
      return Optional.empty();
    }
    Agreement agreement = new TableRows(s.reference(), s.suspect()).inPlace();
    BitSet others = agreement.others();
    if (others.isEmpty()
        || others.cardinality() > s.reference().rows() / 2
        || agreement.rest() > Suspicion.untouched(s.suspect(), s.reference())) {
      return Optional.empty();
    }
    List<String> ranges = new ArrayList<>();
    List<String> rows = new ArrayList<>();
    for (int first = others.nextSetBit(0); first >= 0; ) {
      int end = others.nextClearBit(first);
      if (ranges.size() == MOST_RANGES) {
        return Optional.empty();
      }
      ranges.add(range(s.facts(), first, end - 1));
      rows.add(end - 1 == first ? String.valueOf(first) : first + "-" + (end - 1));
      first = others.nextSetBit(end);
    }
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("rows", rows);
    evidence.put("differingRows", others.cardinality());
    return Optional.of(
        Explanation.lossy(
                DiagnosisCode.VALUES_CORRUPTED,
                ranges.stream().collect(Collectors.joining("; ", "holds other values in ", ""))
                    + " and agrees in all others, as if these tokens had been added or trained on"
                    + " one side only",
                "save the resized, trained table with the model: these tokens' rows were"
                    + " initialised again, or come from another checkpoint")
            .withEvidence(evidence));
  }

  private static String range(Facts facts, int first, int last) {
    return first == last
        ? "row " + first + " (token " + TableRows.token(facts, first) + ")"
        : "rows "
            + first
            + " to "
            + last
            + " (tokens "
            + TableRows.token(facts, first)
            + " to "
            + TableRows.token(facts, last)
            + ")";
  }
}
