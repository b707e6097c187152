/*
 * matmul_many: a panel of rows is decoded into scratch memory of the first-level cache, then
 * multiplied in register blocks of BLOCK_ROWS rows and BLOCK_TOKENS tokens. Between two panels the
 * lanes of each dot product rest in memory, so that k ascends over the whole row.
 */
#include "kernels.h"
#include "tier.h"

/* Rows and tokens whose lanes are kept at a time. */
#define ROWS 16
#define TOKENS 96
/* Floats from a decoded row to the next: no power of two, or rows would share lines of the cache. */
#define ROW_STRIDE (PANEL + 64)

INLINE void register_block(
    const int R, const int T, const float *w, const float *x, int64_t x_stride, float *lanes,
    int64_t steps, int first) {
  for (int part = 0; part < LANES; part += VEC_LANES) {
    vec sum[BLOCK_ROWS][BLOCK_TOKENS];
    UNROLL for (int t = 0; t < T; t++) {
      UNROLL for (int r = 0; r < R; r++) {
        sum[r][t] = first ? vec_zero() : vec_load(lanes + (t * ROWS + r) * LANES + part);
      }
    }
    const float *wp = w + part;
    const float *xp = x + part;
    for (int64_t k = 0; k < steps; k++, wp += LANES, xp += LANES) {
      vec wv[BLOCK_ROWS];
      UNROLL for (int r = 0; r < R; r++) wv[r] = vec_load(wp + r * ROW_STRIDE);
      UNROLL for (int t = 0; t < T; t++) {
        vec xv = vec_load(xp + t * x_stride);
        UNROLL for (int r = 0; r < R; r++) sum[r][t] = vec_fma(wv[r], xv, sum[r][t]);
      }
    }
    UNROLL for (int t = 0; t < T; t++) {
      UNROLL for (int r = 0; r < R; r++) {
        vec_store(lanes + (t * ROWS + r) * LANES + part, sum[r][t]);
      }
    }
  }
}

/* All rows of a panel times T tokens. */
INLINE void token_block(
    const int T, const float *w, int64_t rows, const float *x, int64_t x_stride, float *lanes,
    int64_t steps, int first) {
  int64_t r = 0;
  for (; r + BLOCK_ROWS <= rows; r += BLOCK_ROWS) {
    register_block(BLOCK_ROWS, T, w + r * ROW_STRIDE, x, x_stride, lanes + r * LANES, steps, first);
  }
  for (; r < rows; r++) {
    register_block(1, T, w + r * ROW_STRIDE, x, x_stride, lanes + r * LANES, steps, first);
  }
}

static void panel(
    const float *w, int64_t rows, const float *x, int64_t x_stride, int64_t tokens, float *lanes,
    int64_t steps, int first) {
  while (tokens > 0) {
    int64_t n = tokens < BLOCK_TOKENS ? tokens : BLOCK_TOKENS;
    switch (n) {
      case 1: token_block(1, w, rows, x, x_stride, lanes, steps, first); break;
      case 2: token_block(2, w, rows, x, x_stride, lanes, steps, first); break;
#if BLOCK_TOKENS >= 3
      case 3: token_block(3, w, rows, x, x_stride, lanes, steps, first); break;
#endif
#if BLOCK_TOKENS >= 4
      case 4: token_block(4, w, rows, x, x_stride, lanes, steps, first); break;
#endif
#if BLOCK_TOKENS >= 5
      case 5: token_block(5, w, rows, x, x_stride, lanes, steps, first); break;
#endif
#if BLOCK_TOKENS >= 6
      case 6: token_block(6, w, rows, x, x_stride, lanes, steps, first); break;
#endif
    }
    x += n * x_stride;
    lanes += n * ROWS * LANES;
    tokens -= n;
  }
}

/* The columns of a panel that do not fill all lanes. */
static void tail(
    const float *w, int64_t rows, const float *x, int64_t x_stride, int64_t tokens, float *lanes,
    int64_t columns) {
  for (int64_t t = 0; t < tokens; t++) {
    for (int64_t r = 0; r < rows; r++) {
      float *lane = lanes + (t * ROWS + r) * LANES;
      for (int64_t k = 0; k < columns; k++) {
        lane[k] = __builtin_fmaf(w[r * ROW_STRIDE + k], x[t * x_stride + k], lane[k]);
      }
    }
  }
}

/* At most ROWS rows times at most TOKENS tokens. */
static void tile(
    const kernel *kernel, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
    int64_t rows, int64_t columns, int64_t tokens, int64_t y_stride) {
  _Alignas(64) float scratch[ROWS * ROW_STRIDE];
  _Alignas(64) float lanes[TOKENS * ROWS * LANES];
  if (rows < ROWS) {
    /* The fold reads the lanes of all rows. */
    memset(lanes, 0, (size_t)(tokens * ROWS * LANES) * sizeof(float));
  }
  int64_t k = 0;
  do {
    int64_t n = columns - k < PANEL ? columns - k : PANEL;
    for (int64_t r = 0; r < rows; r++) {
      kernel->decode(w + r * row_bytes + encoded_bytes(kernel, k), scratch + r * ROW_STRIDE, n);
    }
    panel(scratch, rows, x + k, columns, tokens, lanes, n / LANES, k == 0);
    if (n % LANES != 0) {
      int64_t done = n / LANES * LANES;
      tail(scratch + done, rows, x + k + done, columns, tokens, lanes, n % LANES);
    }
    k += PANEL;
  } while (k < columns);
  for (int64_t t = 0; t < tokens; t++) {
    float sums[ROWS];
    fold_16(lanes + t * ROWS * LANES, sums);
    memcpy(y + t * y_stride, sums, (size_t)rows * sizeof(float));
  }
}

void TIER_NAME(matmul_many)(
    const kernel *kernel, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
    int64_t rows, int64_t columns, int64_t tokens, int64_t y_stride) {
  for (int64_t t = 0; t < tokens; t += TOKENS) {
    int64_t tn = tokens - t < TOKENS ? tokens - t : TOKENS;
    for (int64_t r = 0; r < rows; r += ROWS) {
      int64_t rn = rows - r < ROWS ? rows - r : ROWS;
      tile(
          kernel, w + r * row_bytes, row_bytes, x + t * columns, y + t * y_stride + r, rn, columns,
          tn, y_stride);
    }
  }
}

float TIER_NAME(probe_fma)(int64_t rounds) {
  /* More independent chains than any processor has multiply-adds in flight; all different, or the
     compiler would keep one. */
  enum { CHAINS = 12 };
  float lanes[LANES];
  vec sum[CHAINS], factor, term;
  for (int i = 0; i < LANES; i++) lanes[i] = 0.999f;
  factor = vec_load(lanes);
  for (int i = 0; i < LANES; i++) lanes[i] = 0.5f;
  term = vec_load(lanes);
  UNROLL for (int i = 0; i < CHAINS; i++) {
    lanes[0] = (float)i;
    sum[i] = vec_load(lanes);
  }
  for (int64_t n = 0; n < rounds; n++) {
    UNROLL for (int repeat = 0; repeat < 2 * LANES / VEC_LANES; repeat++) {
      UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = vec_fma(sum[i], factor, term);
    }
  }
  float total = 0;
  for (int i = 0; i < CHAINS; i++) {
    vec_store(lanes, sum[i]);
    total += lanes[0];
  }
  return total;
}
