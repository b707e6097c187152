/*
 * matmul_many: BLOCK_ROWS rows of a panel are decoded into scratch memory of the first-level cache,
 * then multiplied in register blocks with BLOCK_TOKENS tokens at a time. Between two panels the
 * lanes of each dot product rest in memory, so that k ascends over the whole row.
 */
#include "kernels.h"
#include "tier.h"

/* Rows and tokens whose lanes are kept at a time. */
#define ROWS 48
#define TOKENS 64
/* Floats from a decoded row to the next: no power of two, or rows would share lines of the cache. */
#define ROW_STRIDE (PANEL + 16)
/* Dot products that are folded at a time. */
#define FOLD 16

INLINE void register_block(
    const int T, const float *w, const float *x, int64_t x_stride, float *lanes, int64_t steps,
    int first) {
  for (int part = 0; part < LANES; part += VEC_LANES) {
    vec sum[BLOCK_ROWS][BLOCK_TOKENS];
    UNROLL for (int t = 0; t < T; t++) {
      UNROLL for (int r = 0; r < BLOCK_ROWS; r++) {
        sum[r][t] = first ? vec_zero() : vec_load(lanes + (t * ROWS + r) * LANES + part);
      }
    }
    const float *wp = w + part;
    const float *xp = x + part;
    for (int64_t k = 0; k < steps; k++, wp += LANES, xp += LANES) {
      vec wv[BLOCK_ROWS];
      UNROLL for (int r = 0; r < BLOCK_ROWS; r++) wv[r] = vec_load(wp + r * ROW_STRIDE);
      UNROLL for (int t = 0; t < T; t++) {
        vec xv = vec_load(xp + t * x_stride);
        UNROLL for (int r = 0; r < BLOCK_ROWS; r++) sum[r][t] = vec_fma(wv[r], xv, sum[r][t]);
      }
    }
    UNROLL for (int t = 0; t < T; t++) {
      UNROLL for (int r = 0; r < BLOCK_ROWS; r++) {
        vec_store(lanes + (t * ROWS + r) * LANES + part, sum[r][t]);
      }
    }
  }
}

/* BLOCK_ROWS decoded rows times tokens. */
static void panel(
    const float *w, const float *x, int64_t x_stride, int64_t tokens, float *lanes, int64_t steps,
    int first) {
  while (tokens > 0) {
    int64_t n = tokens < BLOCK_TOKENS ? tokens : BLOCK_TOKENS;
    switch (n) {
      case 1: register_block(1, w, x, x_stride, lanes, steps, first); break;
      case 2: register_block(2, w, x, x_stride, lanes, steps, first); break;
#if BLOCK_TOKENS >= 3
      case 3: register_block(3, w, x, x_stride, lanes, steps, first); break;
#endif
#if BLOCK_TOKENS >= 4
      case 4: register_block(4, w, x, x_stride, lanes, steps, first); break;
#endif
    }
    x += n * x_stride;
    lanes += n * ROWS * LANES;
    tokens -= n;
  }
}

/* The columns of a panel that do not fill all lanes. */
static void tail(
    const float *w, const float *x, int64_t x_stride, int64_t tokens, float *lanes, int64_t columns) {
  for (int64_t t = 0; t < tokens; t++) {
    for (int64_t r = 0; r < BLOCK_ROWS; r++) {
      float *lane = lanes + (t * ROWS + r) * LANES;
      for (int64_t k = 0; k < columns; k++) {
        lane[k] = __builtin_fmaf(w[r * ROW_STRIDE + k], x[t * x_stride + k], lane[k]);
      }
    }
  }
}

/*
 * At most ROWS rows times at most TOKENS tokens. A few rows are decoded and meet every token while
 * the cache holds them; where rows run out, rows of zeros complete the block.
 */
static void tile(
    const kernel *kernel, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
    int64_t rows, int64_t columns, int64_t tokens, int64_t y_stride) {
  _Alignas(64) float scratch[BLOCK_ROWS * ROW_STRIDE];
  /* The last fold reads past the last row. */
  _Alignas(64) float lanes[(TOKENS * ROWS + FOLD) * LANES];
  const int64_t computed = rows < ROWS ? 0 : tokens * ROWS;
  memset(
      lanes + computed * LANES, 0,
      (size_t)((tokens * ROWS + FOLD - computed) * LANES) * sizeof(float));
  int64_t k = 0;
  do {
    int64_t n = columns - k < PANEL ? columns - k : PANEL;
    for (int64_t r = 0; r < rows; r += BLOCK_ROWS) {
      for (int64_t i = 0; i < BLOCK_ROWS; i++) {
        float *row = scratch + i * ROW_STRIDE;
        if (r + i < rows) {
          kernel->decode(w + (r + i) * row_bytes + encoded_bytes(kernel, k), row, n);
        } else {
          memset(row, 0, (size_t)n * sizeof(float));
        }
      }
      panel(scratch, x + k, columns, tokens, lanes + r * LANES, n / LANES, k == 0);
      if (n % LANES != 0) {
        int64_t done = n / LANES * LANES;
        tail(scratch + done, x + k + done, columns, tokens, lanes + r * LANES, n % LANES);
      }
    }
    k += PANEL;
  } while (k < columns);
  for (int64_t t = 0; t < tokens; t++) {
    for (int64_t r = 0; r < rows; r += FOLD) {
      float sums[FOLD];
      fold_16(lanes + (t * ROWS + r) * LANES, sums);
      memcpy(y + t * y_stride + r, sums, (size_t)(rows - r < FOLD ? rows - r : FOLD) * sizeof(float));
    }
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
