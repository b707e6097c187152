/* AVX2 with FMA and F16C: two registers hold the 16 lanes. */
#include <immintrin.h>

/* Register block and columns of a panel in matmul_many; most tokens and rows per pass in matmul_few. */
#define BLOCK_ROWS 4
#define BLOCK_TOKENS 3
#define PANEL 768
#define FEW_TOKENS 4
#define FEW_ROWS(tokens) ((tokens) == 1 ? 2 : 1)

#define VEC_LANES 8
typedef __m256 vec;
typedef struct {
  __m256 lo, hi;
} v16;

INLINE vec vec_zero(void) { return _mm256_setzero_ps(); }
INLINE vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vec_store(float *p, vec a) { _mm256_storeu_ps(p, a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

INLINE v16 v16_zero(void) { return (v16){_mm256_setzero_ps(), _mm256_setzero_ps()}; }
INLINE v16 v16_load(const float *p) { return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void v16_store(float *p, v16 a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
INLINE v16 v16_fma(v16 a, v16 b, v16 c) {
  return (v16){_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
INLINE v16 v16_mul(v16 a, v16 b) {
  return (v16){_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
/* Element 0 in lanes 0 to 7, element 1 in lanes 8 to 15. */
INLINE v16 v16_halves(__m128 pair) {
  return (v16){_mm256_broadcastss_ps(pair), _mm256_broadcastss_ps(_mm_movehdup_ps(pair))};
}
INLINE v16 v16_scale(v16 a, float s) {
  __m256 v = _mm256_set1_ps(s);
  return (v16){_mm256_mul_ps(a.lo, v), _mm256_mul_ps(a.hi, v)};
}
/* a * s - m */
INLINE v16 v16_affine(v16 a, float s, float m) {
  __m256 v = _mm256_set1_ps(s), w = _mm256_set1_ps(m);
  return (v16){_mm256_fmsub_ps(a.lo, v, w), _mm256_fmsub_ps(a.hi, v, w)};
}

INLINE float v16_fold(v16 a) {
  __m256 e = _mm256_add_ps(a.lo, a.hi);
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

#define ADD_HALVES(a, b) \
  _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31))
#define ADD_WITHIN(a, b, first, second) \
  _mm256_add_ps(_mm256_shuffle_ps(a, b, first), _mm256_shuffle_ps(a, b, second))

/* Lane i plus lane i + 8. */
INLINE __m256 fold_once(const float *lanes) {
  return _mm256_add_ps(_mm256_loadu_ps(lanes), _mm256_loadu_ps(lanes + 8));
}

/* Folds 16 dot products whose lanes lie one after the other, eight at a time down the tree. */
INLINE void fold_16(const float *lanes, float *sums) {
  for (int eight = 0; eight < 16; eight += 8) {
    __m256 pair[4];
    UNROLL for (int j = 0; j < 4; j++) {
      /* Products j and j + 4 end up in the two halves. */
      const float *p = lanes + (eight + j) * LANES;
      __m256 a = fold_once(p);
      __m256 b = fold_once(p + 4 * LANES);
      pair[j] = ADD_HALVES(a, b);
    }
    __m256 low = ADD_WITHIN(pair[0], pair[1], 0x44, 0xee);
    __m256 high = ADD_WITHIN(pair[2], pair[3], 0x44, 0xee);
    _mm256_storeu_ps(sums + eight, ADD_WITHIN(low, high, 0x88, 0xdd));
  }
}

INLINE __m256i widen_u8(const uint8_t *p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
INLINE __m256i widen_i8(const int8_t *p) {
  return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
}
INLINE __m256 widen_bf16(const uint8_t *p) {
  __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
}
INLINE v16 v16_from_ints(__m256i lo, __m256i hi) {
  return (v16){_mm256_cvtepi32_ps(lo), _mm256_cvtepi32_ps(hi)};
}

INLINE v16 v16_widen_u8(__m128i a) {
  return v16_from_ints(_mm256_cvtepu8_epi32(a), _mm256_cvtepu8_epi32(_mm_srli_si128(a, 8)));
}
INLINE v16 v16_from_u8(const uint8_t *p) { return v16_from_ints(widen_u8(p), widen_u8(p + 8)); }
INLINE v16 v16_from_i8(const int8_t *p) { return v16_from_ints(widen_i8(p), widen_i8(p + 8)); }
INLINE v16 v16_from_f16(const uint8_t *p) {
  return (v16){
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)),
      _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(p + 16)))};
}
INLINE v16 v16_from_bf16(const uint8_t *p) { return (v16){widen_bf16(p), widen_bf16(p + 16)}; }

INLINE float f16_to_f32(uint16_t bits) { return _cvtsh_ss(bits); }

/* What a nibble n stands for: scale * (n - centre) - minimum. */
typedef struct {
  float scale, minimum;
  int centred;
} nibble_values;

INLINE nibble_values nibbles_affine(float s, float m) { return (nibble_values){s, m, 0}; }
INLINE nibble_values nibbles_centred(float s) { return (nibble_values){s, 0, 1}; }

INLINE v16 nibbles_decode(nibble_values n, __m256i lo, __m256i hi) {
  if (n.centred) {
    __m256i eight = _mm256_set1_epi32(8);
    v16 v = v16_from_ints(_mm256_sub_epi32(lo, eight), _mm256_sub_epi32(hi, eight));
    return v16_scale(v, n.scale);
  }
  return v16_affine(v16_from_ints(lo, hi), n.scale, n.minimum);
}
INLINE v16 nibbles_low(nibble_values n, const uint8_t *p) {
  __m256i mask = _mm256_set1_epi32(15);
  return nibbles_decode(
      n, _mm256_and_si256(widen_u8(p), mask), _mm256_and_si256(widen_u8(p + 8), mask));
}
INLINE v16 nibbles_high(nibble_values n, const uint8_t *p) {
  return nibbles_decode(
      n, _mm256_srli_epi32(widen_u8(p), 4), _mm256_srli_epi32(widen_u8(p + 8), 4));
}

/* 64 bytes where they lie: widening reads memory as fast as registers. */
typedef const uint8_t *bytes64;

INLINE bytes64 bytes64_load(const uint8_t *p) { return p; }
/* Values of the low or high nibbles of bytes 16 * part to 16 * part + 15. */
INLINE v16 bytes64_nibbles(const bytes64 *b, int part, int high, nibble_values values) {
  const uint8_t *p = *b + 16 * part;
  return high ? nibbles_high(values, p) : nibbles_low(values, p);
}

/*
 * 32 quanta: the nibbles of low from bit low_from, above them the bits of high from bit high_from;
 * masked, minus offset.
 */
INLINE void join32(
    int8_t *quanta, const uint8_t *low, int low_from, const uint8_t *high, int high_from, int mask,
    int offset) {
  const __m256i l = _mm256_srli_epi16(_mm256_loadu_si256((const __m256i *)low), low_from);
  const __m256i h = _mm256_loadu_si256((const __m256i *)high);
  const __m256i up = high_from < 4 ? _mm256_slli_epi16(h, 4 - high_from)
                                   : _mm256_srli_epi16(h, high_from - 4);
  const __m256i joined = _mm256_or_si256(
      _mm256_and_si256(l, _mm256_set1_epi8(0x0f)),
      _mm256_and_si256(up, _mm256_set1_epi8((char)(mask & 0xf0))));
  _mm256_store_si256((__m256i *)quanta, _mm256_sub_epi8(joined, _mm256_set1_epi8((char)offset)));
}
