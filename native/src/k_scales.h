/*
 * The scales of Q4_K and Q5_K: float16 d, float16 dmin, then 8 scales and 8 minima of six bits in
 * 12 bytes s. For j < 4 the scale is s[j] & 63 and the minimum s[j + 4] & 63; for j >= 4 the low
 * nibble of s[j + 4] and its high nibble are their low bits, the top bits of s[j - 4] and s[j]
 * their high bits.
 */
#include "tier.h"

/* Value of quantum q of sub-block j: scale[j] * q - scale[8 + j]. Both are exact. */
typedef struct {
  _Alignas(64) float scale[16];
} k_scales;

#if defined(__AVX2__)

INLINE void k_scales_open(k_scales *k, const uint8_t *bytes) {
  const __m128i header = _mm_loadu_si128((const __m128i *)bytes);
  /* Four sixes at a time: low bits from words s0, s2, s1 and s2 >> 4, high bits from s0 and s1. */
  const __m128i low = _mm_srlv_epi32(
      _mm_shuffle_epi32(header, _MM_SHUFFLE(3, 2, 3, 1)), _mm_setr_epi32(0, 0, 0, 4));
  const __m128i high = _mm_srli_epi32(_mm_shuffle_epi32(header, _MM_SHUFFLE(2, 0, 1, 0)), 2);
  const __m128i six = _mm_or_si128(
      _mm_and_si128(low, _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f)),
      _mm_and_si128(high, _mm_setr_epi32(0, 0x30303030, 0, 0x30303030)));
  v16_store(k->scale, v16_mul(v16_widen_u8(six), v16_halves(_mm_cvtph_ps(header))));
  KEEP_IN_MEMORY(k->scale);
}

#else

INLINE void k_scales_open(k_scales *k, const uint8_t *bytes) {
  const float d = load_f16(bytes);
  const float dmin = load_f16(bytes + 2);
  const uint8_t *s = bytes + 4;
  for (int j = 0; j < 4; j++) {
    k->scale[j] = d * (float)(s[j] & 63);
    k->scale[j + 4] = d * (float)((s[j + 8] & 15) | s[j] >> 6 << 4);
    k->scale[j + 8] = dmin * (float)(s[j + 4] & 63);
    k->scale[j + 12] = dmin * (float)(s[j + 8] >> 4 | s[j + 4] >> 6 << 4);
  }
}

#endif
