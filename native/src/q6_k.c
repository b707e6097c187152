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
#define GROUP 1
#include "tier.h"

typedef struct {
  _Alignas(64) float scale[16];
  /* q - 32 of every element. */
  _Alignas(64) int8_t quanta[256];
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  const float d = load_f16(bytes + 208);
  v16_store(b->scale, v16_scale(v16_from_i8((const int8_t *)bytes + 192), d));
  UNROLL for (int i = 0; i < 2; i++) {
    UNROLL for (int j = 0; j < 2; j++) {
      const uint8_t *l = bytes + 64 * i + 32 * j;
      const uint8_t *h = bytes + 128 + 32 * i;
      int8_t *quanta = b->quanta + 128 * i + 32 * j;
      join32(quanta, l, 0, h, 2 * j, 0x3f, 32);
      join32(quanta + 64, l, 4, h, 4 + 2 * j, 0x3f, 32);
    }
  }
}

INLINE v16 block_values(const block *b, int group, int step) {
  const int i = GROUP * group + step;
  return v16_scale(v16_from_i8(b->quanta + 16 * i), b->scale[i]);
}

#include "few.h"
