package dev.rosetta.engine;

/**
 * Dot products in the order that {@link dev.rosetta.spi.KernelBackend} fixes: 16 float32 lanes,
 * element k into lane k mod 16 by fused multiply-add, folded as a tree (i with i+8, i+4, i+2, i+1).
 */
final class LaneSum {
  private LaneSum() {}

  /** The dot product of {@code a[aFrom…]} and {@code b[bFrom…]} over {@code length} elements. */
  static float dot(float[] a, int aFrom, float[] b, int bFrom, int length) {
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    float s8 = 0, s9 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0, s14 = 0, s15 = 0;
    int whole = length & ~15;
    int i = aFrom;
    int j = bFrom;
    for (int end = aFrom + whole; i < end; i += 16, j += 16) {
      s0 = Math.fma(a[i], b[j], s0);
      s1 = Math.fma(a[i + 1], b[j + 1], s1);
      s2 = Math.fma(a[i + 2], b[j + 2], s2);
      s3 = Math.fma(a[i + 3], b[j + 3], s3);
      s4 = Math.fma(a[i + 4], b[j + 4], s4);
      s5 = Math.fma(a[i + 5], b[j + 5], s5);
      s6 = Math.fma(a[i + 6], b[j + 6], s6);
      s7 = Math.fma(a[i + 7], b[j + 7], s7);
      s8 = Math.fma(a[i + 8], b[j + 8], s8);
      s9 = Math.fma(a[i + 9], b[j + 9], s9);
      s10 = Math.fma(a[i + 10], b[j + 10], s10);
      s11 = Math.fma(a[i + 11], b[j + 11], s11);
      s12 = Math.fma(a[i + 12], b[j + 12], s12);
      s13 = Math.fma(a[i + 13], b[j + 13], s13);
      s14 = Math.fma(a[i + 14], b[j + 14], s14);
      s15 = Math.fma(a[i + 15], b[j + 15], s15);
    }
    int tail = length - whole;
    if (tail > 0) s0 = Math.fma(a[i], b[j], s0);
    if (tail > 1) s1 = Math.fma(a[i + 1], b[j + 1], s1);
    if (tail > 2) s2 = Math.fma(a[i + 2], b[j + 2], s2);
    if (tail > 3) s3 = Math.fma(a[i + 3], b[j + 3], s3);
    if (tail > 4) s4 = Math.fma(a[i + 4], b[j + 4], s4);
    if (tail > 5) s5 = Math.fma(a[i + 5], b[j + 5], s5);
    if (tail > 6) s6 = Math.fma(a[i + 6], b[j + 6], s6);
    if (tail > 7) s7 = Math.fma(a[i + 7], b[j + 7], s7);
    if (tail > 8) s8 = Math.fma(a[i + 8], b[j + 8], s8);
    if (tail > 9) s9 = Math.fma(a[i + 9], b[j + 9], s9);
    if (tail > 10) s10 = Math.fma(a[i + 10], b[j + 10], s10);
    if (tail > 11) s11 = Math.fma(a[i + 11], b[j + 11], s11);
    if (tail > 12) s12 = Math.fma(a[i + 12], b[j + 12], s12);
    if (tail > 13) s13 = Math.fma(a[i + 13], b[j + 13], s13);
    if (tail > 14) s14 = Math.fma(a[i + 14], b[j + 14], s14);
    float t0 = (s0 + s8) + (s4 + s12);
    float t1 = (s1 + s9) + (s5 + s13);
    float t2 = (s2 + s10) + (s6 + s14);
    float t3 = (s3 + s11) + (s7 + s15);
    return (t0 + t2) + (t1 + t3);
  }
}
