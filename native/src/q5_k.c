/*
 * Q5_K: 256 elements in 176 bytes: the scales of k_scales.h at 0; uint8 h[32] at 16; uint8 q[128]
 * at 48. Nibbles as in Q4_K; bit j of h[i] is the fifth bit of element i of sub-block j.
 */
#define KERNEL kernel_q5_k
#define BLOCK 256
#define BLOCK_BYTES 176
#define ELEMENT_BYTES 0
#define GROUP 8
#include "k_scales.h"

typedef struct {
  k_scales scales;
  /* Of each 64 bytes q: their low nibbles with the fifth bits, then their high nibbles with theirs. */
  quanta64 q[4];
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  k_scales_open(&b->scales, bytes);
  const bytes64 h = bytes64_load_twice(bytes + 16);
  UNROLL for (int g = 0; g < 2; g++) {
    const bytes64 q = bytes64_load(bytes + 48 + 64 * g);
    const bytes64 fifth = bytes64_down(h, 4 * g);
    b->q[2 * g] = quanta64_join(q, fifth, 0, 2, 0x1f, 0);
    b->q[2 * g + 1] = quanta64_join(bytes64_down(q, 4), fifth, 1, 3, 0x1f, 0);
  }
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int j = 4 * group + step / 2;
  return v16_affine(
      quanta64_part(&b->q[2 * group + step / 2 % 2], step / 4 * 2 + step % 2, 0x1f, 0),
      b->scales.scale[j], b->scales.scale[8 + j]);
}

#include "few.h"
