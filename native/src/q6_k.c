/*
 * Q6_K: 256 elements in 210 bytes: uint8 l[128] at 0, uint8 h[64] at 128, int8 scale[16] at 192,
 * float16 d at 208. In half i, elements j, j + 32, j + 64 and j + 96 (j < 32) take the low nibbles
 * of l[64i + j] and l[64i + 32 + j], then their high nibbles; bits 0-1, 2-3, 4-5 and 6-7 of
 * h[32i + j] are their upper bits. Value d * scale * (q - 32), a scale for 16 elements.
 */
#define KERNEL kernel_q6_k
#define BLOCK 256
#define BLOCK_BYTES 210
#define ELEMENT_BYTES 0
#define GROUP 8
#include "tier.h"

typedef struct {
  _Alignas(64) float scale[16];
  quanta64 q[4];
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  const float d = load_f16(bytes + 208);
  v16_store(b->scale, v16_scale(v16_from_i8((const int8_t *)bytes + 192), d));
  UNROLL for (int i = 0; i < 2; i++) {
    const bytes64 l = bytes64_load(bytes + 64 * i);
    const bytes64 h = bytes64_load_twice(bytes + 128 + 32 * i);
    b->q[2 * i] = quanta64_join(l, h, 0, 2, 0x3f, 32);
    b->q[2 * i + 1] = quanta64_join(bytes64_down(l, 4), bytes64_down(h, 4), 0, 2, 0x3f, 32);
  }
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int j = 8 * group + step;
  return v16_scale(quanta64_part(&b->q[2 * group + step / 4], step % 4, 0x3f, 32), b->scale[j]);
}

#include "few.h"
