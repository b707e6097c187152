/* Plain C17. fmaf is exact everywhere and slow where the processor has no such instruction. */
#include <math.h>

/* Register block and columns of a panel in matmul_many; most tokens and rows per pass in matmul_few. */
#define BLOCK_ROWS 2
#define BLOCK_TOKENS 2
#define PANEL 256
#define FEW_TOKENS 1
#define FEW_ROWS(tokens) 1

typedef struct {
  float lane[LANES];
} v16;
#define VEC_LANES 16
typedef v16 vec;

/* A v16 whose lane i is the expression e. */
#define EACH_LANE(e)                \
  v16 r;                            \
  for (int i = 0; i < LANES; i++) { \
    r.lane[i] = (e);                \
  }                                 \
  return r

INLINE v16 v16_zero(void) { EACH_LANE(0.0f); }
INLINE v16 v16_load(const float *p) {
  v16 r;
  memcpy(&r, p, sizeof r);
  return r;
}
INLINE void v16_store(float *p, v16 a) { memcpy(p, &a, sizeof a); }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { EACH_LANE(fmaf(a.lane[i], b.lane[i], c.lane[i])); }
INLINE v16 v16_mul(v16 a, v16 b) { EACH_LANE(a.lane[i] * b.lane[i]); }
INLINE v16 v16_scale(v16 a, float s) { EACH_LANE(a.lane[i] * s); }
/* a * s - m where a * s is exact. */
INLINE v16 v16_affine(v16 a, float s, float m) { EACH_LANE(a.lane[i] * s - m); }

INLINE vec vec_zero(void) { return v16_zero(); }
INLINE vec vec_load(const float *p) { return v16_load(p); }
INLINE void vec_store(float *p, vec a) { v16_store(p, a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return v16_fma(a, b, c); }

INLINE float v16_fold(v16 a) {
  for (int width = LANES / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) {
      a.lane[i] += a.lane[i + width];
    }
  }
  return a.lane[0];
}

/* Folds 16 dot products whose lanes lie one after the other. */
INLINE void fold_16(const float *lanes, float *sums) {
  for (int i = 0; i < 16; i++) {
    sums[i] = v16_fold(v16_load(lanes + i * LANES));
  }
}

INLINE float f32_from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

INLINE float f16_to_f32(uint16_t bits) {
  uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
  uint32_t exponent = bits >> 10 & 31;
  uint32_t fraction = bits & 0x3ff;
  if (exponent == 0) {
    float magnitude = (float)fraction * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  if (exponent == 31) {
    return f32_from_bits(sign | 0x7f800000 | (fraction ? fraction << 13 | 0x400000 : 0));
  }
  return f32_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

INLINE v16 v16_from_u8(const uint8_t *p) { EACH_LANE((float)p[i]); }
INLINE v16 v16_from_i8(const int8_t *p) { EACH_LANE((float)p[i]); }
INLINE v16 v16_from_f16(const uint8_t *p) {
  EACH_LANE(f16_to_f32((uint16_t)(p[2 * i] | p[2 * i + 1] << 8)));
}
INLINE v16 v16_from_bf16(const uint8_t *p) {
  EACH_LANE(f32_from_bits((uint32_t)p[2 * i] << 16 | (uint32_t)p[2 * i + 1] << 24));
}

/* What a nibble n stands for: scale * (n - centre) - minimum. */
typedef struct {
  float scale, minimum;
  int centre;
} nibble_values;

INLINE nibble_values nibbles_affine(float s, float m) { return (nibble_values){s, m, 0}; }
/* Less +0, every value stays as it is, the zeros' signs included. */
INLINE nibble_values nibbles_centred(float s) { return (nibble_values){s, 0.0f, 8}; }
INLINE v16 nibbles_low(nibble_values n, const uint8_t *p) {
  EACH_LANE((float)((p[i] & 15) - n.centre) * n.scale - n.minimum);
}
INLINE v16 nibbles_high(nibble_values n, const uint8_t *p) {
  EACH_LANE((float)((p[i] >> 4) - n.centre) * n.scale - n.minimum);
}

/* 64 bytes where they lie. */
typedef const uint8_t *bytes64;

INLINE bytes64 bytes64_load(const uint8_t *p) { return p; }
/* Values of the low or high nibbles of bytes 16 * part to 16 * part + 15. */
INLINE v16 bytes64_nibbles(const bytes64 *b, int part, int high, nibble_values values) {
  return high ? nibbles_high(values, *b + 16 * part) : nibbles_low(values, *b + 16 * part);
}

/*
 * 32 quanta: the nibbles of low from bit low_from, above them the bits of high from bit high_from;
 * masked, minus offset.
 */
INLINE void join32(
    int8_t *quanta, const uint8_t *low, int low_from, const uint8_t *high, int high_from, int mask,
    int offset) {
  for (int i = 0; i < 32; i++) {
    const int joined = (low[i] >> low_from & 15) | high[i] >> high_from << 4;
    quanta[i] = (int8_t)((joined & mask) - offset);
  }
}
