/* F32: little-endian float32. */
#define KERNEL kernel_f32
#define BLOCK 16
#define BLOCK_BYTES 64
#define ELEMENT_BYTES 4
#define GROUP 1
#include "tier.h"

typedef struct {
  const uint8_t *bytes;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) { b->bytes = bytes; }

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group, (void)step;
  return v16_load((const float *)(const void *)b->bytes);
}

#include "few.h"
