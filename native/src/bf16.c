/* BF16: the upper half of a float32. */
#define KERNEL kernel_bf16
#define BLOCK 16
#define BLOCK_BYTES 32
#define ELEMENT_BYTES 2
#define GROUP 1
#include "tier.h"

typedef struct {
  const uint8_t *bytes;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) { b->bytes = bytes; }

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group, (void)step;
  return v16_from_bf16(b->bytes);
}

#include "few.h"
