package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.diagnose.TableRows.Agreement;
import dev.rosetta.normalize.Weight;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Rows of an embedding or head that moved by a few from some row on: a token was added to one side,
 * or left out, and every token behind it has its neighbour's row.
 */
final class RowShifts {
  /** Rows in either direction within which a row is looked for. */
  private static final int REACH = 256;

  /** Rows that are looked for, spread over those that moved. */
  private static final int VOTES = 9;

  /** Rows of tokens that were never seen are all alike, wherever they stand. */
  private static final double MOST = 0.95;

  private static final double DISPLACED = 0.5;

  private static final int FEWEST = 4;

  private RowShifts() {}

  /**
   * Rows {@code [first, end)} of the reference stand {@code distance} rows further on in the
   * suspect; those that would leave the range are lost, or stand where it has become free.
   */
  private record Move(int first, int end, int distance) {

    int moved() {
      return end - first - Math.abs(distance);
    }

    /** First row of the reference that moved. */
    int firstMoved() {
      return distance > 0 ? first : first - distance;
    }

    /** First row of the reference that has no place in the suspect. */
    int firstLost() {
      return distance > 0 ? end - distance : first;
    }

    /** First row of the suspect that no row has moved to. */
    int firstFree() {
      return distance > 0 ? first : end + distance;
    }

    int lost() {
      return Math.abs(distance);
    }
  }

  static Optional<Explanation> moved(Suspicion s) {
    if (!TableRows.isTable(s.role()) || s.isVector()) {
      return Optional.empty();
    }
    TableRows rows = new TableRows(s.reference(), s.suspect());
    Agreement agreement = rows.inPlace();
    int first = agreement.others().nextSetBit(0);
    int end = agreement.others().length();
    if (first < 0
        || end - first < FEWEST
        || agreement.others().cardinality() < DISPLACED * (end - first)) {
      return Optional.empty();
    }
    int distance = distance(rows, first, end);
    Move move = new Move(first, end, distance);
    if (distance == 0 || move.moved() < FEWEST || !holds(rows, move)) {
      return Optional.empty();
    }
    return Optional.of(explanation(s, rows, move));
  }

  /** The distance at which most of a few rows are found; 0 if there is none. */
  private static int distance(TableRows rows, int first, int end) {
    Map<Integer, Integer> votes = new LinkedHashMap<>();
    for (int i = 1; i <= VOTES; i++) {
      int row = first + (int) ((long) (end - 1 - first) * i / (VOTES + 1));
      votes.merge(distance(rows, row, first, end), 1, Integer::sum);
    }
    return votes.entrySet().stream()
        .filter(vote -> vote.getKey() != 0 && 2 * vote.getValue() > VOTES)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(0);
  }

  private static int distance(TableRows rows, int row, int first, int end) {
    for (int i = 1; i <= REACH; i++) {
      for (int distance : new int[] {i, -i}) {
        int other = row + distance;
        if (other >= first && other < end && rows.same(row, other)) {
          return distance;
        }
      }
    }
    return 0;
  }

  private static boolean holds(TableRows rows, Move move) {
    int same = 0;
    for (int i = 0; i < move.moved(); i++) {
      int row = move.firstMoved() + i;
      same += rows.same(row, row + move.distance()) ? 1 : 0;
    }
    return same >= MOST * move.moved();
  }

  private static Explanation explanation(Suspicion s, TableRows rows, Move move) {
    boolean kept = true;
    for (int i = 0; kept && i < move.lost(); i++) {
      kept = rows.same(move.firstLost() + i, move.firstFree() + i);
    }
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("firstRow", move.first());
    evidence.put("lastRow", move.end() - 1);
    evidence.put("rows", move.distance());
    return Explanation.of(
            DiagnosisCode.DATA_SHIFTED,
            words(s, move) + (kept ? "" : lost(s, move)),
            "give every row to the token of its id: number the tokens alike on both sides, the"
                + " added ones included",
            kept
                ? RowOrders.reorder(s.suspect(), order(s.suspect().rows(), move))
                : filled(s, move))
        .withEvidence(evidence);
  }

  private static String words(Suspicion s, Move move) {
    String count = move.lost() == 1 ? "1 row" : move.lost() + " rows";
    return "has rows "
        + move.first()
        + " to "
        + (move.end() - 1)
        + " out of step by "
        + count
        + ": from token "
        + TableRows.token(s.facts(), move.first())
        + " on each has the row of the token "
        + (move.lost() == 1 ? "" : move.lost() + " places ")
        + (move.distance() > 0 ? "before it" : "behind it");
  }

  private static String lost(Suspicion s, Move move) {
    String first = "token " + TableRows.token(s.facts(), move.firstLost());
    return move.lost() == 1
        ? "; the row of " + first + " is gone"
        : "; the rows of " + move.lost() + " tokens from " + first + " on are gone";
  }

  /** Row of the suspect for each row of the reference. */
  private static int[] order(int rows, Move move) {
    int[] order = new int[rows];
    for (int row = 0; row < rows; row++) {
      order[row] = row;
    }
    for (int i = 0; i < move.moved(); i++) {
      order[move.firstMoved() + i] = move.firstMoved() + i + move.distance();
    }
    for (int i = 0; i < move.lost(); i++) {
      order[move.firstLost() + i] = move.firstFree() + i;
    }
    return order;
  }

  /** Rows put back, those that are gone taken from the other side. */
  private static Weight filled(Suspicion s, Move move) {
    Weight suspect = s.suspect();
    int columns = suspect.columns();
    int[] order = order(suspect.rows(), move);
    return suspect.withValues(
        suspect.rows(),
        columns,
        () -> {
          float[] values = new float[Math.multiplyExact(suspect.rows(), columns)];
          for (int row = 0; row < order.length; row++) {
            boolean gone = row >= move.firstLost() && row < move.firstLost() + move.lost();
            if (gone) {
              s.reference().decodeRow(row, values, row * columns);
            } else {
              suspect.decodeRow(order[row], values, row * columns);
            }
          }
          return values;
        });
  }
}
