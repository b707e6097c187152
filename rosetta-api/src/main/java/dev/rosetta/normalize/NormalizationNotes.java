package dev.rosetta.normalize;

import dev.rosetta.model.Severity;
import dev.rosetta.model.SourceNote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** Gathers what was read in a special way, told once for a model and not tensor by tensor. */
final class NormalizationNotes {
  /** Names that a note gives as examples. */
  private static final int LISTED = 3;

  /** Kinds of wrappers that are told apart. */
  private static final int KINDS = 4;

  private final Optional<LanguagePart> languagePart;
  private final TreeMap<String, Integer> wrappers = new TreeMap<>();
  private final List<String> leftOut = new ArrayList<>();
  private boolean originalNames;

  NormalizationNotes(Optional<LanguagePart> languagePart) {
    this.languagePart = languagePart;
  }

  /** Takes note of how a tensor's name was read. */
  void read(TensorNames.Reading reading) {
    if (!reading.wrapper().isEmpty()) {
      boolean many = wrappers.size() >= KINDS && !wrappers.containsKey(reading.wrapper());
      wrappers.merge(many ? "…" : reading.wrapper(), 1, Integer::sum);
    }
    originalNames |= TensorNames.isOriginalRelease(reading.own());
  }

  /** Whether a tensor without a role belongs to a part of the model that a text does not meet. */
  boolean leavesOut(String name) {
    boolean other = languagePart.isPresent() && LanguagePart.isOfAnother(name);
    if (other) {
      leftOut.add(name);
    }
    return other;
  }

  /** Whether Q and K are named as Meta and Mistral release them. */
  boolean hasOriginalNames() {
    return originalNames;
  }

  /**
   * @param rows the order that was assumed in the end
   */
  List<SourceNote> list(RowConvention rows) {
    List<SourceNote> notes = new ArrayList<>();
    if (!wrappers.isEmpty()) {
      int count = wrappers.values().stream().mapToInt(Integer::intValue).sum();
      String without = "'" + String.join("', '", wrappers.keySet()) + "'";
      notes.add(
          info("NAMES_WRAPPED", "the names of " + count + " tensors are read without " + without));
    }
    languagePart.ifPresent(part -> notes.add(info("LANGUAGE_PART", languagePart(part))));
    if (originalNames && rows == RowConvention.GGUF_INTERLEAVED) {
      notes.add(
          info(
              "ORIGINAL_ROW_ORDER",
              "the names are those of the original release (attention.wq), so rows of Q and K are"
                  + " read in its order, adjacent pairs"));
    }
    return notes;
  }

  private String languagePart(LanguagePart part) {
    String config = part.scope().isEmpty() ? "" : " by its " + part.scope().replace("/", "");
    String text = "the language part of '" + part.type() + "' is read" + config;
    if (leftOut.isEmpty()) {
      return text;
    }
    String names = String.join(", ", leftOut.subList(0, Math.min(LISTED, leftOut.size())));
    String more = leftOut.size() > LISTED ? " and " + (leftOut.size() - LISTED) + " more" : "";
    return text
        + "; "
        + leftOut.size()
        + " tensors of the other parts are left out: "
        + names
        + more;
  }

  private static SourceNote info(String code, String message) {
    return new SourceNote(Severity.INFO, code, null, message);
  }
}
