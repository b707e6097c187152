package dev.rosetta;

import dev.rosetta.model.SourceNote;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One input, in brief.
 *
 * @param path as given
 * @param format {@code APR}, {@code GGUF}, {@code SafeTensors}, {@code trace}
 * @param architecture effective architecture; empty for a trace
 * @param parameters elements over all tensors; 0 for a trace
 * @param elementTypes number of tensors by element type name, most frequent first
 * @param notes what its files have that is odd, damaged or was read in a special way
 */
public record SideSummary(
    Path path,
    String format,
    String architecture,
    long parameters,
    Map<String, Integer> elementTypes,
    List<SourceNote> notes) {

  public SideSummary {
    notes = List.copyOf(notes);
  }
}
