package dev.rosetta;

import dev.rosetta.model.ConfigField;
import dev.rosetta.model.ConfigValue;
import dev.rosetta.model.Severity;
import dev.rosetta.model.TensorRole;
import dev.rosetta.model.TensorRole.Part;
import dev.rosetta.model.Vocabulary;
import dev.rosetta.normalize.Model;
import dev.rosetta.normalize.Weight;
import dev.rosetta.tokenizer.PaddingTokens;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Two models over the tokens that both have. Frameworks pad the embedding and the output head to a
 * round number of rows; no token belongs to those, so that one side is cut to the other's size.
 *
 * @param a side A, or a view of it
 * @param b side B, or a view of it
 * @param note says what was left out; empty if nothing was
 */
record CommonVocabulary(Model a, Model b, Optional<Diagnosis> note) {
  private static final TensorRole EMBEDDING = TensorRole.weight(Part.EMBEDDING);
  private static final TensorRole OUTPUT = TensorRole.weight(Part.OUTPUT);

  /** Sizes are padded to a multiple of this, mostly to one of 64 or 128. */
  private static final int ROUND = 8;

  /** What the rows hold that only one side has. */
  private enum Filling {
    ZERO("all zero"),
    ALIKE("all alike"),
    OTHER("of other values");

    private final String words;

    Filling(String words) {
      this.words = words;
    }
  }

  static CommonVocabulary of(Model a, Model b) {
    int rows = Math.min(a.config().vocabSize(), b.config().vocabSize());
    Side side = a.config().vocabSize() > rows ? Side.A : Side.B;
    Model longer = side == Side.A ? a : b;
    if (longer.config().vocabSize() == rows || !isWhole(a) || !isWhole(b)) {
      return new CommonVocabulary(a, b, Optional.empty());
    }
    Filling filling = filling(longer, rows);
    if (!isPadding(longer, side == Side.A ? b : a, rows, filling)) {
      return new CommonVocabulary(a, b, Optional.empty());
    }
    Model cut = cut(longer, rows);
    return new CommonVocabulary(
        side == Side.A ? cut : a,
        side == Side.B ? cut : b,
        Optional.of(note(side, longer, rows, filling)));
  }

  /** Whether the tables have as many rows as the config says, so that none of them was cut off. */
  private static boolean isWhole(Model model) {
    int rows = model.config().vocabSize();
    return model.weight(EMBEDDING).filter(w -> w.rows() == rows && w.isReadable()).isPresent()
        && model.weight(OUTPUT).filter(w -> w.rows() != rows || !w.isReadable()).isEmpty()
        && model.findings().stream()
            .noneMatch(
                finding ->
                    finding.severity() == Severity.ERROR
                        && (finding.subject().equals(ConfigField.VOCAB_SIZE.label())
                            || finding.subject().equals(OUTPUT.toString())));
  }

  /**
   * Whether the rows from {@code rows} on belong to no token: by the vocabularies where there is
   * one, else by what the rows hold. A table that lost its end is no shorter by rows of padding.
   */
  private static boolean isPadding(Model longer, Model shorter, int rows, Filling filling) {
    if (longer.config().vocabSize() % ROUND != 0) {
      return false;
    }
    Optional<Integer> used =
        Stream.of(longer, shorter)
            .map(model -> model.source().vocabulary())
            .flatMap(Optional<Vocabulary>::stream)
            .map(PaddingTokens::used)
            .max(Integer::compare);
    return used.map(tokens -> tokens <= rows).orElse(filling != Filling.OTHER);
  }

  private static Filling filling(Model model, int rows) {
    Filling embedding = filling(model.weight(EMBEDDING).orElseThrow(), rows);
    Filling head = model.weight(OUTPUT).map(weight -> filling(weight, rows)).orElse(Filling.ZERO);
    return embedding.compareTo(head) > 0 ? embedding : head;
  }

  private static Filling filling(Weight weight, int from) {
    float[] first = new float[weight.columns()];
    float[] row = new float[weight.columns()];
    weight.decodeRow(from, first, 0);
    for (int r = from + 1; r < weight.rows(); r++) {
      weight.decodeRow(r, row, 0);
      for (int c = 0; c < row.length; c++) {
        if (row[c] != first[c]) { // A zero may have a sign.
          return Filling.OTHER;
        }
      }
    }
    for (float value : first) {
      if (value != 0) {
        return Filling.ALIKE;
      }
    }
    return Filling.ZERO;
  }

  private static Model cut(Model model, int rows) {
    Model cut =
        model.with(
            model
                .config()
                .with(
                    ConfigField.VOCAB_SIZE,
                    new ConfigValue(
                        (long) rows,
                        ConfigValue.Origin.DERIVED,
                        "the rows that both sides have; "
                            + model.config().field(ConfigField.VOCAB_SIZE).detail()
                            + " is "
                            + model.config().vocabSize())));
    for (TensorRole role : new TensorRole[] {EMBEDDING, OUTPUT}) {
      Optional<Weight> table = model.weight(role);
      if (table.isPresent()) {
        cut = cut.with(table.get().firstRows(rows));
      }
    }
    return cut;
  }

  private static Diagnosis note(Side side, Model longer, int rows, Filling filling) {
    int all = longer.config().vocabSize();
    Map<String, Object> evidence = new LinkedHashMap<>();
    evidence.put("rows", all);
    evidence.put("compared", rows);
    evidence.put("padding", filling.words);
    return new Diagnosis(
        DiagnosisCode.CONFIG_MISMATCH,
        Severity.INFO,
        ConfigField.VOCAB_SIZE.label(),
        null,
        side,
        "side "
            + side
            + " pads its vocabulary from "
            + rows
            + " to "
            + all
            + " rows: those from "
            + rows
            + " on ("
            + filling.words
            + ") belong to no token and were not compared",
        "nothing to do; a runtime must not sample ids from " + rows + " on",
        Proof.CONSISTENT,
        evidence);
  }
}
