package dev.rosetta.kernels.java;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of this machine, at most the 16 floats of a lane sum. */
final class VectorWidth {
  /** Forces a width in bits: 128, 256 or 512. For tests. */
  static final String PROPERTY = "rosetta.vector.bits";

  static final VectorSpecies<Float> FLOATS = species();

  private VectorWidth() {}

  private static VectorSpecies<Float> species() {
    int preferred = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
    int bits = Integer.getInteger(PROPERTY, preferred);
    return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
  }
}
