/* BF16: the upper half of a float32. */
#define KERNEL kernel_bf16
#define BLOCK 64
#define BLOCK_BYTES 128
#define ELEMENT_BYTES 2
#define GROUP 4
#include "tier.h"

typedef struct {
  const uint8_t *bytes;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) { b->bytes = bytes; }

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group;
  return v16_from_bf16(b->bytes + 32 * step);
}

#include "few.h"
