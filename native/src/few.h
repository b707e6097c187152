/*
 * decode and matmul_few of one element type. Included at the end of a source that defines
 *
 *   KERNEL         the kernel's name
 *   BLOCK          elements of a block, a multiple of 16
 *   BLOCK_BYTES    bytes of a block
 *   ELEMENT_BYTES  bytes of an element, 0 where a started block is stored whole
 *   GROUP          steps of 16 values in the part of a block that is unrolled
 *   block          what block_open keeps of a block
 *   block_open     prepares a block
 *   block_values   the 16 values of one step of a group
 */
#include "kernels.h"
#include "tier.h"

#define GROUPS (BLOCK / (GROUP * LANES))

INLINE void decode_block(const uint8_t *bytes, float *values) {
  block b;
  block_open(&b, bytes);
  for (int g = 0; g < GROUPS; g++) {
    /* Stored together: after a store, the compiler would read the block's bytes again. */
    v16 step[GROUP];
    UNROLL for (int s = 0; s < GROUP; s++) step[s] = block_values(&b, g, s);
    UNROLL for (int s = 0; s < GROUP; s++) v16_store(values + (g * GROUP + s) * LANES, step[s]);
  }
}

/* Decodes a block of which only the first elements values are wanted, and perhaps stored. */
static void decode_tail(const uint8_t *bytes, float *values, int64_t elements) {
  uint8_t padded[BLOCK_BYTES] = {0};
  float whole[BLOCK];
  memcpy(padded, bytes, ELEMENT_BYTES ? (size_t)(elements * ELEMENT_BYTES) : BLOCK_BYTES);
  decode_block(padded, whole);
  memcpy(values, whole, (size_t)elements * sizeof(float));
}

static void decode(const uint8_t *blocks, float *values, int64_t elements) {
  int64_t whole = elements / BLOCK;
  for (int64_t i = 0; i < whole; i++) {
    decode_block(blocks + i * BLOCK_BYTES, values + i * BLOCK);
  }
  if (elements % BLOCK != 0) {
    decode_tail(blocks + whole * BLOCK_BYTES, values + whole * BLOCK, elements % BLOCK);
  }
}

/* Adds the products of a started block to the lanes of one dot product. */
static v16 tail(v16 lanes, const uint8_t *bytes, const float *x, int64_t elements) {
  float w[BLOCK];
  float lane[LANES];
  decode_tail(bytes, w, elements);
  v16_store(lane, lanes);
  for (int64_t i = 0; i < elements; i++) {
    lane[i % LANES] = __builtin_fmaf(w[i], x[i], lane[i % LANES]);
  }
  return v16_load(lane);
}

#define MAX_ROWS 8
#define MAX_TOKENS 8

/* ROWS rows times TOKENS tokens, both constants where this is called. */
INLINE void few(
    const int ROWS, const int TOKENS, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
    int64_t columns, int64_t y_stride) {
  v16 sum[MAX_ROWS][MAX_TOKENS];
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) sum[r][t] = v16_zero();
  }
  const int64_t whole = columns / BLOCK;
  /* A block is opened while the one before is multiplied: what opening waits for is then there. */
  block opened[2][MAX_ROWS];
  if (whole != 0) {
    UNROLL for (int r = 0; r < ROWS; r++) block_open(&opened[0][r], w + r * row_bytes);
  }
  for (int64_t i = 0; i < whole; i++) {
    const block *b = opened[i & 1];
    if (i + 1 < whole) {
      UNROLL for (int r = 0; r < ROWS; r++) {
        block_open(&opened[(i + 1) & 1][r], w + r * row_bytes + (i + 1) * BLOCK_BYTES);
      }
    }
    for (int g = 0; g < GROUPS; g++) {
      UNROLL for (int s = 0; s < GROUP; s++) {
        const float *xs = x + i * BLOCK + (g * GROUP + s) * LANES;
        v16 xv[MAX_TOKENS];
        UNROLL for (int t = 0; t < TOKENS; t++) xv[t] = v16_load(xs + t * columns);
        UNROLL for (int r = 0; r < ROWS; r++) {
          v16 wv = block_values(&b[r], g, s);
          UNROLL for (int t = 0; t < TOKENS; t++) sum[r][t] = v16_fma(wv, xv[t], sum[r][t]);
        }
      }
    }
  }
  const int64_t rest = columns % BLOCK;
  UNROLL for (int r = 0; r < ROWS; r++) {
    UNROLL for (int t = 0; t < TOKENS; t++) {
      v16 lanes = sum[r][t];
      if (rest != 0) {
        lanes = tail(
            lanes, w + r * row_bytes + whole * BLOCK_BYTES, x + t * columns + whole * BLOCK, rest);
      }
      y[t * y_stride + r] = v16_fold(lanes);
    }
  }
}

#define FEW(TOKENS)                                                                       \
  {                                                                                       \
    int64_t r = 0;                                                                        \
    for (; r + FEW_ROWS(TOKENS) <= rows; r += FEW_ROWS(TOKENS)) {                         \
      few(FEW_ROWS(TOKENS), TOKENS, w + r * row_bytes, row_bytes, x, y + r, columns, y_stride); \
    }                                                                                     \
    if (FEW_ROWS(TOKENS) > 1) {                                                           \
      for (; r < rows; r++) {                                                             \
        few(1, TOKENS, w + r * row_bytes, row_bytes, x, y + r, columns, y_stride);        \
      }                                                                                   \
    }                                                                                     \
    break;                                                                                \
  }

static void matmul_few(
    const uint8_t *w, int64_t row_bytes, const float *x, float *y, int64_t rows, int64_t columns,
    int64_t tokens, int64_t y_stride) {
  switch (tokens) {
    case 1: FEW(1)
#if FEW_TOKENS >= 2
    case 2: FEW(2)
#endif
#if FEW_TOKENS >= 3
    case 3: FEW(3)
#endif
#if FEW_TOKENS >= 4
    case 4: FEW(4)
#endif
#if FEW_TOKENS >= 5
    case 5: FEW(5)
#endif
#if FEW_TOKENS >= 6
    case 6: FEW(6)
#endif
#if FEW_TOKENS >= 7
    case 7: FEW(7)
#endif
#if FEW_TOKENS >= 8
    case 8: FEW(8)
#endif
  }
}

const kernel TIER_NAME(KERNEL) = {
    .block = BLOCK,
    .block_bytes = BLOCK_BYTES,
    .element_bytes = ELEMENT_BYTES,
    .few_tokens = FEW_TOKENS,
    .decode = decode,
    .matmul_few = matmul_few,
    .matmul_many = TIER_NAME(matmul_many),
};
