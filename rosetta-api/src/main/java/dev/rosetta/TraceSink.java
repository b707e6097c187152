package dev.rosetta;

import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.util.SortedMap;

/** Receives the activations of one run. Called from the thread that runs the model. */
public interface TraceSink {

  /**
   * Called once, before the run.
   *
   * @param tokens ids of the prompt
   * @param widths values per position of every capture point that will be accepted
   */
  void begin(int[] tokens, SortedMap<CapturePoint, Integer> widths);

  /** Called once for each capture point, in forward-pass order. */
  void accept(CapturePoint point, Activation activation);
}
