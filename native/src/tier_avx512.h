/* AVX-512: one register holds the 16 lanes. */
#include <immintrin.h>

/* Register block and columns of a panel in matmul_many; most tokens and rows per pass in matmul_few. */
#define BLOCK_ROWS 6
#define BLOCK_TOKENS 4
#define PANEL 1792
#define FEW_TOKENS 8
#define FEW_ROWS(tokens) ((tokens) == 1 ? 8 : (tokens) <= 6 ? 4 : 3)

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
/* Element 0 in lanes 0 to 7, element 1 in lanes 8 to 15. */
INLINE v16 v16_halves(__m128 pair) {
  const __m512i half = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  return _mm512_permutexvar_ps(half, _mm512_castps128_ps512(pair));
}
INLINE v16 v16_scale(v16 a, float s) { return _mm512_mul_ps(a, _mm512_set1_ps(s)); }
/*
 * a * s - m where a * s is exact. A fused multiply-subtract gives the same, but a broadcast from
 * memory costs nothing as operand of an instruction and occupies a port of the permutations alone.
 */
INLINE v16 v16_affine(v16 a, float s, float m) {
  return _mm512_sub_ps(_mm512_mul_ps(a, _mm512_set1_ps(s)), _mm512_set1_ps(m));
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

INLINE v16 v16_widen_u8(__m128i a) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(a)); }
INLINE v16 v16_from_u8(const uint8_t *p) {
  return v16_widen_u8(_mm_loadu_si128((const __m128i *)p));
}
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
 * The 16 values that a nibble can stand for. Looking them up reads the low four bits of each index,
 * so that nothing has to be masked.
 */
typedef __m512 nibble_values;

INLINE __m512 iota(void) {
  return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
INLINE nibble_values nibbles_affine(float s, float m) { return v16_affine(iota(), s, m); }
INLINE nibble_values nibbles_centred(float s) {
  return v16_scale(_mm512_sub_ps(iota(), _mm512_set1_ps(8)), s);
}

/* Lane i holds bytes i, i + 16, i + 32 and i + 48 of 64. */
typedef __m512i bytes64;

INLINE bytes64 bytes64_load(const uint8_t *p) {
  const __m512i words = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i bytes = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(words, _mm512_loadu_si512(p)), bytes);
}
/* Values of the low or high nibbles of bytes 16 * part to 16 * part + 15. */
INLINE v16 bytes64_nibbles(const bytes64 *b, int part, int high, nibble_values values) {
  return _mm512_permutexvar_ps(_mm512_srli_epi32(*b, 8 * part + 4 * high), values);
}
INLINE v16 nibbles_low(nibble_values values, const uint8_t *p) {
  return _mm512_permutexvar_ps(
      _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)), values);
}
INLINE v16 nibbles_high(nibble_values values, const uint8_t *p) {
  return _mm512_permutexvar_ps(
      _mm512_srli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)), 4), values);
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
  /* Bits of l where the first operand has ones, those of up elsewhere. */
  const __m256i joined = _mm256_ternarylogic_epi32(_mm256_set1_epi8(0x0f), l, up, 0xca);
  const __m256i masked = _mm256_and_si256(joined, _mm256_set1_epi8((char)mask));
  _mm256_store_si256((__m256i *)quanta, _mm256_sub_epi8(masked, _mm256_set1_epi8((char)offset)));
}
