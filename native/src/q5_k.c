/*
 * Q5_K: 256 elements in 176 bytes: the scales of k_scales.h at 0; uint8 h[32] at 16; uint8 q[128]
 * at 48. Nibbles as in Q4_K; bit j of h[i] is the fifth bit of element i of sub-block j.
 */
#define KERNEL kernel_q5_k
#define BLOCK 256
#define BLOCK_BYTES 176
#define ELEMENT_BYTES 0
#define GROUP 1
#include "k_scales.h"

typedef struct {
  k_scales scales;
  /* Of every element. */
  _Alignas(64) int8_t quanta[256];
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  k_scales_open(&b->scales, bytes);
  const uint8_t *h = bytes + 16;
  UNROLL for (int i = 0; i < 4; i++) {
    const uint8_t *q = bytes + 48 + 32 * i;
    join32(b->quanta + 64 * i, q, 0, h, 2 * i, 0x1f, 0);
    join32(b->quanta + 64 * i + 32, q, 4, h, 2 * i + 1, 0x1f, 0);
  }
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int i = GROUP * group + step;
  const int j = i / 2;
  return v16_affine(
      v16_from_i8(b->quanta + 16 * i), b->scales.scale[j], b->scales.scale[8 + j]);
}

#include "few.h"
