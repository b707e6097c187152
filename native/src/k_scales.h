/*
 * The scales of Q4_K and Q5_K: float16 d, float16 dmin, then 8 scales and 8 minima of six bits in
 * 12 bytes s. For j < 4 the scale is s[j] & 63 and the minimum s[j + 4] & 63; for j >= 4 the low
 * nibble of s[j + 4] and its high nibble are their low bits, the top bits of s[j - 4] and s[j]
 * their high bits.
 */
#include "tier.h"

/* Value of quantum q of sub-block j: scale[j] * q + scale[8 + j]. Both are exact. */
typedef struct {
  float scale[16];
} k_scales;

INLINE void k_scales_open(k_scales *k, const uint8_t *bytes) {
  const float d = load_f16(bytes);
  const float dmin = load_f16(bytes + 2);
  uint32_t s[3], six[4];
  memcpy(s, bytes + 4, sizeof s);
  six[0] = s[0] & 0x3f3f3f3f;
  six[1] = (s[2] & 0x0f0f0f0f) | (s[0] >> 6 & 0x03030303) << 4;
  six[2] = s[1] & 0x3f3f3f3f;
  six[3] = (s[2] >> 4 & 0x0f0f0f0f) | (s[1] >> 6 & 0x03030303) << 4;
  /* The minima with the sign they are added with; a product's sign does not touch its rounding. */
  v16 factors = v16_halves(d, -dmin);
  v16_store(k->scale, v16_mul(v16_from_u8((const uint8_t *)six), factors));
}
