package dev.rosetta.kernels.java;

import java.util.Set;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this machine, as wide as its own and at most the 16 floats of a lane sum. */
final class VectorWidth {
  /** Forces a width in bits: 128, 256 or 512. For tests. */
  static final String PROPERTY = "rosetta.vector.bits";

  static final VectorSpecies<Float> FLOATS = species();

  /** As many integers as {@link #FLOATS} has floats. */
  static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, FLOATS.vectorShape());

  /** As many bytes, but 8 for 4 floats: there is no vector of 4 bytes. */
  static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(
          byte.class, VectorShape.forBitSize(Math.max(64, FLOATS.length() * Byte.SIZE)));

  /**
   * Whether there are just 16 vector registers: on x86-64 without AVX-512, while other
   * architectures have 32.
   */
  static final boolean FEW_REGISTERS =
      FLOATS.length() < 16 && Set.of("amd64", "x86_64").contains(System.getProperty("os.arch"));

  private VectorWidth() {}

  private static VectorSpecies<Float> species() {
    int preferred = Math.clamp(FloatVector.SPECIES_PREFERRED.vectorBitSize(), 128, 512);
    int bits = Integer.getInteger(PROPERTY, preferred);
    return VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
  }
}
