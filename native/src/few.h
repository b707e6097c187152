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
/* A block is multiplied in so many parts; between them lies the opening of the next. */
#define PARTS (GROUPS < 4 ? GROUPS : 4)

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
static void tail(float *lanes, const uint8_t *bytes, const float *x, int64_t elements) {
  float w[BLOCK];
  decode_tail(bytes, w, elements);
  for (int64_t i = 0; i < elements; i++) {
    lanes[i % LANES] = __builtin_fmaf(w[i], x[i], lanes[i % LANES]);
  }
}

#define MAX_ROWS 8
#define MAX_TOKENS 8
/* Dot products that are folded at a time. */
#define FOLD 16

/*
 * As many rows as make groups of ROWS times TOKENS tokens, both constants where this is called.
 * Returns the number of rows done.
 */
INLINE int64_t few(
    const int ROWS, const int TOKENS, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
    int64_t rows, int64_t columns, int64_t y_stride) {
  const int64_t whole = columns / BLOCK;
  const int64_t rest = columns % BLOCK;
  /*
   * A block is opened while the one before is multiplied, a row at a time between parts of it: the
   * processor then has work for the units that multiplying leaves idle.
   */
  block opened[2][MAX_ROWS];
  int now = 0;
  /*
   * Sums lie in memory once they are complete: a sum that is needed after a call is kept there by
   * the compiler, in the loop before as well. The last fold reads past the last sum.
   */
  _Alignas(64) float lanes[(MAX_ROWS * MAX_TOKENS + FOLD) * LANES] = {0};
  float folded[MAX_ROWS * MAX_TOKENS + FOLD];
  if (whole != 0 && ROWS <= rows) {
    UNROLL for (int r = 0; r < ROWS; r++) block_open(&opened[now][r], w + r * row_bytes);
  }
  int64_t row = 0;
  for (; row + ROWS <= rows; row += ROWS, w += ROWS * row_bytes) {
    v16 sum[MAX_ROWS][MAX_TOKENS];
    UNROLL for (int r = 0; r < ROWS; r++) {
      UNROLL for (int t = 0; t < TOKENS; t++) sum[r][t] = v16_zero();
    }
    for (int64_t i = 0; i < whole; i++, now ^= 1) {
      const block *b = opened[now];
      const int last = i + 1 == whole;
      const int more = !last || row + 2 * ROWS <= rows;
      const uint8_t *next = w + (last ? ROWS * row_bytes : (i + 1) * BLOCK_BYTES);
      for (int part = 0; part < PARTS; part++) {
        if (more) {
          for (int r = part; r < ROWS; r += PARTS) {
            block_open(&opened[now ^ 1][r], next + r * row_bytes);
          }
        }
        ROLLED for (int g = part * GROUPS / PARTS; g < (part + 1) * GROUPS / PARTS; g++) {
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
    }
    UNROLL for (int t = 0; t < TOKENS; t++) {
      UNROLL for (int r = 0; r < ROWS; r++) v16_store(lanes + (t * ROWS + r) * LANES, sum[r][t]);
    }
    for (int i = 0; rest != 0 && i < TOKENS * ROWS; i++) {
      tail(
          lanes + i * LANES, w + i % ROWS * row_bytes + whole * BLOCK_BYTES,
          x + i / ROWS * columns + whole * BLOCK, rest);
    }
    for (int i = 0; i < TOKENS * ROWS; i += FOLD) fold_16(lanes + i * LANES, folded + i);
    for (int t = 0; t < TOKENS; t++) {
      for (int r = 0; r < ROWS; r++) y[t * y_stride + row + r] = folded[t * ROWS + r];
    }
  }
  return row;
}

#define FEW(TOKENS)                                                                             \
  {                                                                                             \
    const int64_t done =                                                                        \
        few(FEW_ROWS(TOKENS), TOKENS, w, row_bytes, x, y, rows, columns, y_stride);             \
    if (FEW_ROWS(TOKENS) > 1) {                                                                 \
      few(1, TOKENS, w + done * row_bytes, row_bytes, x, y + done, rows - done, columns,        \
          y_stride);                                                                            \
    }                                                                                           \
    break;                                                                                      \
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
