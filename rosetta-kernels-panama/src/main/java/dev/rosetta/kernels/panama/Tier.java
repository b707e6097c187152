package dev.rosetta.kernels.panama;

import dev.rosetta.kernels.panama.generated.RosettaKernels;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** The instructions that a native kernel is compiled for, in ascending order of preference. */
public enum Tier {
  PORTABLE(RosettaKernels.ROSETTA_TIER_PORTABLE()),
  AVX2(RosettaKernels.ROSETTA_TIER_AVX2()),
  AVX512(RosettaKernels.ROSETTA_TIER_AVX512());

  private final int code;

  Tier(int code) {
    this.code = code;
  }

  /** The tier's number in the native library. */
  public int code() {
    return code;
  }

  /** The tiers whose bit {@code 1 << code} is set. */
  static Set<Tier> ofBits(int bits) {
    EnumSet<Tier> tiers = EnumSet.noneOf(Tier.class);
    for (Tier tier : values()) {
      if ((bits >> tier.code & 1) != 0) {
        tiers.add(tier);
      }
    }
    return tiers;
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
