/*
 * Q4_0: 32 elements in 18 bytes: float16 d; uint8 q[16]. Low nibbles are elements 0 to 15, high
 * nibbles 16 to 31. Value d * (q - 8).
 */
#define KERNEL kernel_q4_0
#define BLOCK 32
#define BLOCK_BYTES 18
#define ELEMENT_BYTES 0
#define GROUP 2
#include "tier.h"

typedef struct {
  float d;
  const uint8_t *q;
} block;

INLINE void block_open(block *b, const uint8_t *bytes) {
  b->d = load_f16(bytes);
  b->q = bytes + 2;
}

INLINE v16 block_values(const block *b, int group, int step) {
  (void)group;
  nibble_values n = nibbles_centred(b->d);
  return step == 0 ? nibbles_low(n, b->q) : nibbles_high(n, b->q);
}

#include "few.h"
