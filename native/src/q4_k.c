/*
 * Q4_K: 256 elements in 144 bytes: the scales of k_scales.h at 0; uint8 q[128] at 16. Of bytes 32g
 * to 32g + 31 the low nibbles are sub-block 2g, the high nibbles sub-block 2g + 1.
 */
#define KERNEL kernel_q4_k
#define BLOCK 256
#define BLOCK_BYTES 144
#define ELEMENT_BYTES 0
#define GROUP 8
#include "k_scales.h"

typedef struct {
  k_scales scales;
  const uint8_t *q;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  k_scales_open(&b->scales, bytes);
  b->q = bytes + 16;
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int j = 4 * group + step / 2;
  /* One load for all steps of a group. */
  const bytes64 q = bytes64_load(b->q + 64 * group);
  return bytes64_nibbles(
      &q, step / 4 * 2 + step % 2, step / 2 % 2,
      nibbles_affine(b->scales.scale[j], b->scales.scale[8 + j]));
}

#include "few.h"
