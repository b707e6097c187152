package dev.rosetta;

import java.nio.file.Path;
import java.util.Map;

/**
 * One input, in brief.
 *
 * @param path as given
 * @param format {@code APR}, {@code GGUF}, {@code SafeTensors}, {@code trace}
 * @param architecture effective architecture; empty for a trace
 * @param parameters elements over all tensors; 0 for a trace
 * @param elementTypes number of tensors by element type name, most frequent first
 */
public record SideSummary(
    Path path,
    String format,
    String architecture,
    long parameters,
    Map<String, Integer> elementTypes) {}
