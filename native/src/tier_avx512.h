/* AVX-512: one register holds the 16 lanes. */
#include <immintrin.h>

/* Register block and columns of a panel in matmul_many; most tokens and rows per pass in matmul_few. */
#define BLOCK_ROWS 4
#define BLOCK_TOKENS 6
#define PANEL 1024
#define FEW_TOKENS 8
#define FEW_ROWS(tokens) ((tokens) == 1 ? 8 : (tokens) <= 5 ? 4 : 3)

#define VEC_LANES 16
typedef __m512 vec;
typedef __m512 v16;

INLINE vec vec_zero(void) { return _mm512_setzero_ps(); }
INLINE vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vec_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
INLINE vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }

INLINE v16 v16_zero(void) { return _mm512_setzero_ps(); }
INLINE v16 v16_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v16_store(float *p, v16 a) { _mm512_storeu_ps(p, a); }
INLINE v16 v16_fma(v16 a, v16 b, v16 c) { return _mm512_fmadd_ps(a, b, c); }
INLINE v16 v16_mul(v16 a, v16 b) { return _mm512_mul_ps(a, b); }
/* Lanes 0 to 7 and lanes 8 to 15. */
INLINE v16 v16_halves(float low, float high) {
  return _mm512_mask_broadcastss_ps(_mm512_set1_ps(low), 0xff00, _mm_set_ss(high));
}
INLINE v16 v16_scale(v16 a, float s) { return _mm512_mul_ps(a, _mm512_set1_ps(s)); }
INLINE v16 v16_affine(v16 a, float s, float o) {
  return _mm512_fmadd_ps(a, _mm512_set1_ps(s), _mm512_set1_ps(o));
}

INLINE float v16_fold(v16 a) {
  __m256 e = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
  __m128 q = _mm_add_ps(_mm256_castps256_ps128(e), _mm256_extractf128_ps(e, 1));
  q = _mm_add_ps(q, _mm_movehl_ps(q, q));
  return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

/* Sums of the neighbouring 128-bit quarters of a and b that one tree level adds. */
#define ADD_QUARTERS(a, b, first, second) \
  _mm512_add_ps(_mm512_shuffle_f32x4(a, b, first), _mm512_shuffle_f32x4(a, b, second))
#define ADD_WITHIN(a, b, first, second) \
  _mm512_add_ps(_mm512_shuffle_ps(a, b, first), _mm512_shuffle_ps(a, b, second))

/* Folds 16 dot products whose lanes lie one after the other, four at a time down the tree. */
INLINE void fold_16(const float *lanes, float *sums) {
  vec quad[4];
  UNROLL for (int j = 0; j < 4; j++) {
    /* Products j, j + 4, j + 8 and j + 12 end up in quarters 0 to 3. */
    const float *p = lanes + j * LANES;
    vec a = ADD_QUARTERS(vec_load(p), vec_load(p + 4 * LANES), 0x44, 0xee);
    vec b = ADD_QUARTERS(vec_load(p + 8 * LANES), vec_load(p + 12 * LANES), 0x44, 0xee);
    quad[j] = ADD_QUARTERS(a, b, 0x88, 0xdd);
  }
  vec low = ADD_WITHIN(quad[0], quad[1], 0x44, 0xee);
  vec high = ADD_WITHIN(quad[2], quad[3], 0x44, 0xee);
  vec_store(sums, ADD_WITHIN(low, high, 0x88, 0xdd));
}

INLINE __m512i widen_u8(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}

INLINE v16 v16_from_u8(const uint8_t *p) { return _mm512_cvtepi32_ps(widen_u8(p)); }
INLINE v16 v16_from_i8(const int8_t *p) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
INLINE v16 v16_from_f16(const uint8_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
INLINE v16 v16_from_bf16(const uint8_t *p) {
  __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

INLINE float f16_to_f32(uint16_t bits) { return _cvtsh_ss(bits); }

/*
 * The 16 values that a nibble can stand for, looked up by permutation: it reads the low four bits
 * of each index, so low nibbles need no mask.
 */
typedef __m512 nibbles;

INLINE __m512 iota(void) {
  return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE nibbles nibbles_affine(float s, float o) { return v16_affine(iota(), s, o); }
INLINE nibbles nibbles_centred(float s) {
  return v16_scale(_mm512_sub_ps(iota(), _mm512_set1_ps(8)), s);
}
INLINE v16 nibbles_low(nibbles n, const uint8_t *p) {
  return _mm512_permutexvar_ps(widen_u8(p), n);
}
INLINE v16 nibbles_high(nibbles n, const uint8_t *p) {
  return _mm512_permutexvar_ps(_mm512_srli_epi32(widen_u8(p), 4), n);
}
