package dev.rosetta.trace;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A recorded forward pass: the token ids and the activations at each captured point.
 *
 * @param tokens the prompt's ids; empty where a recording does not state them
 * @param points activations by capture point, in forward-pass order
 */
public record Trace(int[] tokens, SortedMap<CapturePoint, Activation> points) {

  public Trace {
    tokens = tokens.clone();
    points = Collections.unmodifiableSortedMap(new TreeMap<>(points));
  }

  @Override
  public int[] tokens() {
    return tokens.clone();
  }
}
