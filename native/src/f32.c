/* F32: little-endian float32. */
#define KERNEL kernel_f32
#define BLOCK 64
#define BLOCK_BYTES 256
#define ELEMENT_BYTES 4
#define GROUP 4
#include "tier.h"

typedef struct {
  const uint8_t *bytes;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) { b->bytes = bytes; }

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group;
  return v16_load((const float *)(const void *)(b->bytes + 64 * step));
}

#include "few.h"
