package dev.rosetta.benchmarks;

import dev.rosetta.kernels.panama.Tier;
import dev.rosetta.spi.KernelBackend;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A back end that is measured, and the tier whose multiply-adds it is measured against.
 *
 * @param variant empty for a peer, which is another project's kernel: a yardstick that meets no
 *     floor and misses none
 */
record Contender(Optional<Variant> variant, KernelBackend backend, Tier limit) {
  Contender(Variant variant, KernelBackend backend, Tier limit) {
    this(Optional.of(variant), backend, limit);
  }

  static Contender peer(KernelBackend backend, Tier limit) {
    return new Contender(Optional.empty(), backend, limit);
  }

  /** The peers, then every back end and tier that can be used here, the best native one last. */
  static List<Contender> usable(Tier widest, List<KernelBackend> peers) {
    return Stream.concat(
            peers.stream().map(peer -> peer(peer, widest)),
            Stream.of(Variant.values())
                .filter(v -> v != Variant.SCALAR && v.isUsable())
                .filter(v -> v != Variant.PANAMA_PORTABLE || widest == Tier.PORTABLE)
                .map(v -> new Contender(v, v.open(), v.nativeTier().orElse(widest))))
        .toList();
  }

  boolean isPeer() {
    return variant.isEmpty();
  }

  boolean isJava() {
    return variant.equals(Optional.of(Variant.JAVA));
  }

  String tier() {
    return variant.map(Variant::tier).orElse("none");
  }
}
