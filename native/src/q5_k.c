/*
 * Q5_K: 256 elements in 176 bytes: the scales of k_scales.h at 0; uint8 h[32] at 16; uint8 q[128]
 * at 48. Nibbles as in Q4_K; bit j of h[i] is the fifth bit of element i of sub-block j.
 */
#define KERNEL kernel_q5_k
#define BLOCK 256
#define BLOCK_BYTES 176
#define ELEMENT_BYTES 0
#define GROUP 4
#include "k_scales.h"

typedef struct {
  k_scales scales;
  uint8_t q[BLOCK];
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  k_scales_open(&b->scales, bytes);
  const uint8_t *h = bytes + 16;
  const uint8_t *q = bytes + 48;
  UNROLL for (int g = 0; g < 4; g++) {
    for (int i = 0; i < 32; i++) {
      b->q[64 * g + i] = (uint8_t)((q[32 * g + i] & 15) | (h[i] >> 2 * g & 1) << 4);
      b->q[64 * g + 32 + i] = (uint8_t)(q[32 * g + i] >> 4 | (h[i] >> (2 * g + 1) & 1) << 4);
    }
  }
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int j = 2 * group + step / 2;
  return v16_affine(
      v16_from_u8(b->q + 64 * group + 16 * step), b->scales.scale[j], b->scales.scale[8 + j]);
}

#include "few.h"
