package dev.rosetta.kernels.java;

import dev.rosetta.model.ElementType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorOperators.Conversion;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link BlockDecoder} with vectors: the same values from the same layouts. Every product is exact
 * in float32 and only the last addition rounds, so fused and separate operations agree.
 */
final class VectorDecoder {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE);

  private static final VectorSpecies<Float> FLOATS = VectorWidth.FLOATS;
  private static final int WIDTH = FLOATS.length();
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());

  /** {@link #WIDTH} bytes; there is no vector of 4, so 128-bit machines decode without vectors. */
  private static final boolean WIDE = WIDTH >= 8;

  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, WIDTH * Byte.SIZE)));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(WIDTH * Short.SIZE));
  private static final Conversion<Byte, Integer> UNSIGNED_BYTE = VectorOperators.ZERO_EXTEND_B2I;
  private static final Conversion<Byte, Integer> SIGNED_BYTE = VectorOperators.B2I;

  private VectorDecoder() {}

  /** See {@link BlockDecoder#decodeRow}. */
  static void decodeRow(
      ElementType type, MemorySegment w, long offset, int columns, float[] target, int at) {
    if (type == ElementType.F32) {
      MemorySegment.copy(w, FLOAT, offset, target, at, columns);
      return;
    }
    if (!WIDE) {
      BlockDecoder.decodeRow(type, w, offset, columns, target, at);
      return;
    }
    int blocks = Math.ceilDiv(columns, type.blockElements());
    switch (type) {
      case Q4_0 -> q4_0(w, offset, blocks, target, at);
      case Q8_0 -> q8_0(w, offset, blocks, target, at);
      case Q4_K -> q4_k(w, offset, blocks, target, at);
      case Q5_K -> q5_k(w, offset, blocks, target, at);
      case Q6_K -> q6_k(w, offset, blocks, target, at);
      case F16 -> f16(w, offset, columns, target, at);
      case BF16 -> bf16(w, offset, columns, target, at);
      default -> BlockDecoder.decodeRow(type, w, offset, columns, target, at);
    }
  }

  private static void f16(MemorySegment w, long offset, int columns, float[] target, int at) {
    int whole = columns - columns % WIDTH;
    for (int i = 0; i < whole; i += WIDTH) {
      IntVector bits = shorts(w, offset + 2L * i);
      IntVector magnitude = bits.and(0x7fff);
      // Exponent and mantissa moved into place; the product rebases the exponent, subnormals too.
      FloatVector finite =
          magnitude.lanewise(VectorOperators.LSHL, 13).reinterpretAsFloats().mul(0x1p112f);
      IntVector special = magnitude.lanewise(VectorOperators.LSHL, 13).or(0x7f800000);
      finite
          .reinterpretAsInts()
          .blend(special, magnitude.compare(VectorOperators.GE, 0x7c00))
          .or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16))
          .reinterpretAsFloats()
          .intoArray(target, at + i);
    }
    for (int i = whole; i < columns; i++) {
      target[at + i] = Float.float16ToFloat(w.get(SHORT, offset + 2L * i));
    }
  }

  private static void bf16(MemorySegment w, long offset, int columns, float[] target, int at) {
    int whole = columns - columns % WIDTH;
    for (int i = 0; i < whole; i += WIDTH) {
      shorts(w, offset + 2L * i)
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoArray(target, at + i);
    }
    for (int i = whole; i < columns; i++) {
      target[at + i] = Float.intBitsToFloat(w.get(SHORT, offset + 2L * i) << 16);
    }
  }

  private static void q4_0(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 18, at += 32) {
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      for (int i = 0; i < 16; i += WIDTH) {
        IntVector q = bytes(w, offset + 2 + i);
        floats(q.and(15).sub(8)).mul(d).intoArray(target, at + i);
        floats(q.lanewise(VectorOperators.LSHR, 4).sub(8)).mul(d).intoArray(target, at + 16 + i);
      }
    }
  }

  private static void q8_0(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 34, at += 32) {
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      for (int i = 0; i < 32; i += WIDTH) {
        ByteVector q = ByteVector.fromMemorySegment(BYTES, w, offset + 2 + i, LITTLE);
        floats((IntVector) q.convertShape(SIGNED_BYTE, INTS, 0)).mul(d).intoArray(target, at + i);
      }
    }
  }

  private static void q4_k(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 144, at += 256) {
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      float dmin = Float.float16ToFloat(w.get(SHORT, offset + 2));
      for (int pair = 0; pair < 4; pair++) {
        float scaleLow = d * BlockDecoder.scale6(w, offset + 4, 2 * pair);
        float scaleHigh = d * BlockDecoder.scale6(w, offset + 4, 2 * pair + 1);
        FloatVector minLow = negated(dmin * BlockDecoder.min6(w, offset + 4, 2 * pair));
        FloatVector minHigh = negated(dmin * BlockDecoder.min6(w, offset + 4, 2 * pair + 1));
        int low = at + 64 * pair;
        for (int i = 0; i < 32; i += WIDTH) {
          IntVector q = bytes(w, offset + 16 + 32L * pair + i);
          floats(q.and(15)).fma(broadcast(scaleLow), minLow).intoArray(target, low + i);
          floats(q.lanewise(VectorOperators.LSHR, 4))
              .fma(broadcast(scaleHigh), minHigh)
              .intoArray(target, low + 32 + i);
        }
      }
    }
  }

  private static void q5_k(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 176, at += 256) {
      float d = Float.float16ToFloat(w.get(SHORT, offset));
      float dmin = Float.float16ToFloat(w.get(SHORT, offset + 2));
      for (int sub = 0; sub < 8; sub++) {
        FloatVector scale = broadcast(d * BlockDecoder.scale6(w, offset + 4, sub));
        FloatVector min = negated(dmin * BlockDecoder.min6(w, offset + 4, sub));
        for (int i = 0; i < 32; i += WIDTH) {
          IntVector low =
              bytes(w, offset + 48 + 32L * (sub / 2) + i)
                  .lanewise(VectorOperators.LSHR, 4 * (sub % 2))
                  .and(15);
          IntVector high =
              bytes(w, offset + 16 + i)
                  .lanewise(VectorOperators.LSHR, sub)
                  .and(1)
                  .lanewise(VectorOperators.LSHL, 4);
          floats(low.or(high)).fma(scale, min).intoArray(target, at + 32 * sub + i);
        }
      }
    }
  }

  private static void q6_k(MemorySegment w, long offset, int blocks, float[] target, int at) {
    for (int block = 0; block < blocks; block++, offset += 210, at += 256) {
      float d = Float.float16ToFloat(w.get(SHORT, offset + 208));
      for (int pair = 0; pair < 4; pair++) {
        int half = pair / 2;
        int part = pair % 2;
        long ql = offset + 32L * pair;
        long qh = offset + 128 + 32L * half;
        long scales = offset + 192 + 8L * half + 2L * part;
        for (int i = 0; i < 32; i += WIDTH) {
          q6Parts(
              bytes(w, ql + i),
              bytes(w, qh + i).lanewise(VectorOperators.LSHR, 2 * part),
              d * i8(w, scales + i / 16),
              d * i8(w, scales + 4 + i / 16),
              target,
              at + 128 * half + 32 * part + i);
        }
      }
    }
  }

  /**
   * Parts p and p+2 of half a super-block, which share the bytes of ql. Few operations at a time:
   * with all four parts in one method C2 gives up inlining and boxes vectors.
   */
  private static void q6Parts(
      IntVector ql, IntVector qh, float scale, float nextScale, float[] target, int at) {
    IntVector low = ql.and(15).or(qh.and(3).lanewise(VectorOperators.LSHL, 4));
    floats(low.sub(32)).mul(scale).intoArray(target, at);
    IntVector high = ql.lanewise(VectorOperators.LSHR, 4).or(qh.and(0x30));
    floats(high.sub(32)).mul(nextScale).intoArray(target, at + 64);
  }

  private static byte i8(MemorySegment w, long offset) {
    return w.get(ValueLayout.JAVA_BYTE, offset);
  }

  private static IntVector bytes(MemorySegment w, long offset) {
    return (IntVector)
        ByteVector.fromMemorySegment(BYTES, w, offset, LITTLE).convertShape(UNSIGNED_BYTE, INTS, 0);
  }

  private static IntVector shorts(MemorySegment w, long offset) {
    return (IntVector)
        ShortVector.fromMemorySegment(SHORTS, w, offset, LITTLE)
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
  }

  private static FloatVector floats(IntVector values) {
    return (FloatVector) values.convertShape(VectorOperators.I2F, FLOATS, 0);
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }

  private static FloatVector negated(float value) {
    return FloatVector.broadcast(FLOATS, -value);
  }
}
