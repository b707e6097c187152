package dev.rosetta.compare;

import dev.rosetta.PointComparison;
import dev.rosetta.trace.Activation;
import dev.rosetta.trace.CapturePoint;
import java.util.List;
import java.util.Map;

/**
 * The state of a pass in front of a layer. A pass with other weights from that layer on, and with
 * all else the same, need not compute it again.
 *
 * @param layer the next layer; 0 for the whole pass, the embedding included
 * @param points what was found so far, before noise is judged over the whole pass
 * @param reference side A's residual stream
 * @param own side B's
 */
public record PassStart(
    int layer,
    List<PointComparison> points,
    Map<CapturePoint, Activation> reference,
    Map<CapturePoint, Activation> own) {

  /** The start of a pass. */
  public static final PassStart FIRST = new PassStart(0, List.of(), Map.of(), Map.of());
}
