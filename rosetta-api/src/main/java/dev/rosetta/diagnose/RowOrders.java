package dev.rosetta.diagnose;

import dev.rosetta.DiagnosisCode;
import dev.rosetta.model.ModelConfig;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.normalize.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Rows that stand in another order. A bias is a vector whose elements follow the rows of its
 * weight, so its elements are its rows here.
 */
final class RowOrders {
  /** Rows that are matched one with another; more are matched by their signatures. */
  private static final int MOST_EXCHANGED = 512;

  private RowOrders() {}

  /** Q or K rows permuted for the other RoPE style, with the right head count or a wrong one. */
  static Optional<Explanation> ropePermuted(Suspicion s) {
    Part part = s.role().part();
    if (part != Part.Q && part != Part.K) {
      return Optional.empty();
    }
    ModelConfig config = s.suspectModel().config();
    int rows = rows(s.suspect());
    for (Permutation permutation : ropePermutations(rows, config)) {
      if (fits(s, permutation.order())) {
        return Optional.of(
            Explanation.of(
                    s.role().bias() ? DiagnosisCode.BIAS_WRONG : DiagnosisCode.QK_PERMUTED,
                    permutation.words(),
                    "permute Q and K rows only for llama models with adjacent-pair RoPE, Q with"
                        + " num_heads and K with num_kv_heads",
                    reorder(s.suspect(), permutation.order()))
                .withEvidence(Map.of("permutation", permutation.words())));
      }
    }
    return Optional.empty();
  }

  private record Permutation(String words, int[] order) {}

  private static List<Permutation> ropePermutations(int rows, ModelConfig config) {
    Set<Integer> dims = new LinkedHashSet<>();
    for (int dim :
        new int[] {config.headDim(), rows / config.heads(), rows / config.kvHeads(), rows}) {
      if (dim >= 2 && dim % 2 == 0 && rows % dim == 0) {
        dims.add(dim);
      }
    }
    List<Permutation> all = new ArrayList<>();
    for (int dim : dims) {
      String heads = rows / dim + " heads of " + dim;
      int[] interleaved = interleaved(rows, dim);
      all.add(
          new Permutation(
              "has its rows in half-split order, as if unpermuted (" + heads + ")",
              inverse(interleaved)));
      all.add(
          new Permutation(
              "has its rows interleaved for adjacent-pair RoPE (" + heads + ")", interleaved));
    }
    for (int wrong : dims) {
      for (int right : dims) {
        if (wrong != right) {
          String words = "was permuted with " + rows / wrong + " heads instead of " + rows / right;
          all.add(
              new Permutation(
                  words, compose(interleaved(rows, wrong), inverse(interleaved(rows, right)))));
          all.add(
              new Permutation(
                  words, compose(inverse(interleaved(rows, wrong)), interleaved(rows, right))));
        }
      }
    }
    return all;
  }

  /** Whole heads, blocks of rows or single rows in another order, found by matching rows. */
  static Optional<Explanation> permuted(Suspicion s) {
    int rows = rows(s.suspect());
    if (s.isVector() && !s.role().bias()) {
      return Optional.empty();
    }
    int[] order = s.isVector() ? matchElements(s) : RowMatcher.match(s.reference(), s.suspect());
    if (order.length != rows || isIdentity(order) || !fits(s, order)) {
      return Optional.empty();
    }
    Weight repaired = reorder(s.suspect(), order);
    int shift = shift(order);
    boolean heads = shift % s.suspectModel().config().headDim() == 0 && isBijective(order);
    if (shift != 0 && !heads) {
      return Optional.of(
          Explanation.of(
                  s.role().bias() ? DiagnosisCode.BIAS_WRONG : DiagnosisCode.DATA_SHIFTED,
                  "has its rows shifted by " + shift,
                  "start copying at row 0, and copy every row once",
                  repaired)
              .withEvidence(Map.of("rows", shift)));
    }
    if (!isBijective(order)) {
      return Optional.empty();
    }
    return Optional.of(
        Explanation.of(
                s.role().bias() ? DiagnosisCode.BIAS_WRONG : DiagnosisCode.ROWS_PERMUTED,
                describe(order, s.suspectModel().config().headDim()),
                "keep the order of rows when writing the tensor",
                repaired)
            .withEvidence(Map.of("firstRows", firstRows(order))));
  }

  /** A few whole rows that stand in one another's place, while all others are where they belong. */
  static Optional<Explanation> exchanged(Suspicion s) {
    if (s.isVector() || !s.impression().isMostlyRight()) {
      return Optional.empty();
    }
    long differing = s.scan().differingRows();
    long few = Math.min(MOST_EXCHANGED, s.reference().rows() / 4);
    if (differing < 2 || differing > few) {
      return Optional.empty();
    }
    int columns = s.reference().columns();
    List<Integer> rows = new ArrayList<>();
    List<float[]> references = new ArrayList<>();
    List<float[]> suspects = new ArrayList<>();
    for (int row = 0; row < s.reference().rows(); row++) {
      float[] reference = new float[columns];
      float[] suspect = new float[columns];
      s.reference().decodeRow(row, reference, 0);
      s.suspect().decodeRow(row, suspect, 0);
      if (!isSame(reference, suspect, s.bound())) {
        rows.add(row);
        references.add(reference);
        suspects.add(suspect);
      }
    }
    int[] order = identity(s.reference().rows());
    for (int i = 0; i < rows.size(); i++) {
      int match = -1;
      for (int j = 0; j < rows.size() && match < 0; j++) {
        match = isSame(references.get(i), suspects.get(j), s.bound()) ? j : -1;
      }
      if (match < 0) {
        return Optional.empty();
      }
      order[rows.get(i)] = rows.get(match);
    }
    return rows.size() < 2 || !isBijective(order)
        ? Optional.empty()
        : Optional.of(
            Explanation.of(
                    DiagnosisCode.ROWS_PERMUTED,
                    describe(order, s.suspectModel().config().headDim()),
                    "keep the order of rows when writing the tensor",
                    reorder(s.suspect(), order))
                .withEvidence(Map.of("rows", rows.stream().limit(16).toList())));
  }

  private static int[] identity(int rows) {
    int[] order = new int[rows];
    for (int i = 0; i < rows; i++) {
      order[i] = i;
    }
    return order;
  }

  /** Whether two rows differ by no more than rows of these element types do. */
  private static boolean isSame(float[] reference, float[] suspect, double bound) {
    double difference = 0;
    double energy = 0;
    for (int i = 0; i < reference.length; i++) {
      double d = (double) suspect[i] - reference[i];
      difference += d * d;
      energy += (double) reference[i] * reference[i];
    }
    return difference <= Math.min(0.5, 4 * bound) * energy;
  }

  /** Whether row r of the reference is row order[r] of the suspect, at the sampled positions. */
  static boolean fits(Suspicion s, int[] order) {
    if (s.isVector()) {
      return s.fits((row, column) -> Suspicion.value(s.suspect(), 0, order[column]));
    }
    return s.fits((row, column) -> Suspicion.value(s.suspect(), order[row], column));
  }

  static Weight reorder(Weight suspect, int[] order) {
    if (suspect.rows() == 1) {
      float[] values = suspect.decodeAll();
      float[] moved = new float[values.length];
      for (int i = 0; i < moved.length; i++) {
        moved[i] = values[order[i]];
      }
      return suspect.withValues(1, moved.length, moved);
    }
    if (suspect.isInMemory()) {
      float[] moved = new float[Math.multiplyExact(suspect.rows(), suspect.columns())];
      for (int row = 0; row < suspect.rows(); row++) {
        suspect.decodeRow(order[row], moved, row * suspect.columns());
      }
      return suspect.withValues(suspect.rows(), suspect.columns(), moved);
    }
    int[] stored = new int[order.length];
    for (int row = 0; row < order.length; row++) {
      stored[row] = suspect.storedRow(order[row]);
    }
    return suspect.withStoredRows(stored);
  }

  private static int rows(Weight weight) {
    return weight.rows() == 1 ? weight.columns() : weight.rows();
  }

  /** Where each element of the reference stands in the suspect, by nearest value. */
  private static int[] matchElements(Suspicion s) {
    float[] reference = s.reference().decodeAll();
    float[] suspect = s.suspect().decodeAll();
    Integer[] byReference = sorted(reference);
    Integer[] bySuspect = sorted(suspect);
    int[] order = new int[reference.length];
    for (int i = 0; i < order.length; i++) {
      order[byReference[i]] = bySuspect[i];
    }
    return order;
  }

  private static Integer[] sorted(float[] values) {
    Integer[] order = new Integer[values.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (x, y) -> Float.compare(values[x], values[y]));
    return order;
  }

  /** order[r] = place of canonical row r in ggml's interleaved order. */
  private static int[] interleaved(int rows, int headDim) {
    int[] order = new int[rows];
    for (int row = 0; row < rows; row++) {
      int i = row % headDim;
      order[row] = row - i + (i < headDim / 2 ? 2 * i : 2 * (i - headDim / 2) + 1);
    }
    return order;
  }

  private static int[] inverse(int[] order) {
    int[] inverse = new int[order.length];
    for (int i = 0; i < order.length; i++) {
      inverse[order[i]] = i;
    }
    return inverse;
  }

  /** First {@code outer}, then {@code inner}: r to inner[outer[r]]. */
  private static int[] compose(int[] outer, int[] inner) {
    int[] composed = new int[outer.length];
    for (int i = 0; i < composed.length; i++) {
      composed[i] = inner[outer[i]];
    }
    return composed;
  }

  private static boolean isIdentity(int[] order) {
    for (int i = 0; i < order.length; i++) {
      if (order[i] != i) {
        return false;
      }
    }
    return true;
  }

  private static boolean isBijective(int[] order) {
    boolean[] seen = new boolean[order.length];
    for (int row : order) {
      if (seen[row]) {
        return false;
      }
      seen[row] = true;
    }
    return true;
  }

  /** The constant distance by which nearly all rows have moved; 0 if there is none. */
  private static int shift(int[] order) {
    int rows = order.length;
    int shift = order[rows / 2] - rows / 2;
    if (shift == 0 || Math.abs(shift) > rows / 4) {
      return 0;
    }
    int agreeing = 0;
    for (int i = 0; i < rows; i++) {
      agreeing += order[i] - i == shift ? 1 : 0;
    }
    return agreeing >= rows - Math.abs(shift) ? shift : 0;
  }

  private static String describe(int[] order, int headDim) {
    int rows = order.length;
    if (headDim > 0 && rows % headDim == 0) {
      List<Integer> heads = new ArrayList<>();
      boolean whole = true;
      for (int head = 0; head < rows / headDim && whole; head++) {
        int first = order[head * headDim];
        whole = first % headDim == 0;
        for (int i = 1; i < headDim && whole; i++) {
          whole = order[head * headDim + i] == first + i;
        }
        heads.add(first / headDim);
      }
      if (whole) {
        return "has its heads in another order: " + heads.subList(0, Math.min(16, heads.size()));
      }
    }
    return "has its rows in another order: the first are rows " + firstRows(order);
  }

  private static List<Integer> firstRows(int[] order) {
    return Arrays.stream(order).limit(8).boxed().toList();
  }
}
