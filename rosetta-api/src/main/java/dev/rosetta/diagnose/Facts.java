package dev.rosetta.diagnose;

import dev.rosetta.ConfigComparison;
import dev.rosetta.PointComparison;
import dev.rosetta.Side;
import dev.rosetta.compare.WeightPair;
import dev.rosetta.model.TensorRole;
import dev.rosetta.normalize.Model;
import dev.rosetta.spi.ElementCodecs;
import java.util.List;
import java.util.SortedMap;

/**
 * What a comparison found, as hypotheses see it.
 *
 * @param a side A
 * @param b side B
 * @param weights every weight of either side
 * @param config every effective config field
 * @param codecs what can be decoded
 * @param points capture points; empty if nothing was run
 */
public record Facts(
    Model a,
    Model b,
    SortedMap<TensorRole, WeightPair> weights,
    List<ConfigComparison> config,
    ElementCodecs codecs,
    List<PointComparison> points) {

  /** The model of a side. */
  Model model(Side side) {
    return side == Side.A ? a : b;
  }
}
