/* Q8_0: 32 elements in 34 bytes: float16 d; int8 q[32]. Value d * q. */
#define KERNEL kernel_q8_0
#define BLOCK 32
#define BLOCK_BYTES 34
#define ELEMENT_BYTES 0
#define GROUP 2
#include "tier.h"

typedef struct {
  float d;
  const int8_t *q;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  b->d = load_f16(bytes);
  b->q = (const int8_t *)bytes + 2;
}

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group;
  return v16_scale(v16_from_i8(b->q + step * LANES), b->d);
}

#include "few.h"
