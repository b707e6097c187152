/*
 * Sums over the differences of two rows. GCC's and Clang's vectors become the registers of whatever
 * tier this is compiled for; a lane does the same in each.
 */
#include "kernels.h"

#include <string.h>

#include "tier.h"

#define ROW_LANES 8
#define ROW_BLOCK 32
#define ROW_SUMS 6

typedef float f8 __attribute__((vector_size(32)));
typedef double d8 __attribute__((vector_size(64)));
typedef int64_t i8 __attribute__((vector_size(64)));

INLINE d8 widen(const float *x) {
  f8 floats;
  memcpy(&floats, x, sizeof floats);
  return __builtin_convertvector(floats, d8);
}

INLINE d8 magnitude(d8 x) { return (d8)((i8)x & INT64_MAX); }

/* The larger of each lane, m where x is not a number. */
INLINE d8 larger(d8 m, d8 x) {
  const i8 above = x > m;
  return (d8)((above & (i8)x) | (~above & (i8)m));
}

/* Lane i with lane i+4, then i+2, then i+1. */
INLINE double fold(d8 x) {
  const double four[4] = {x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7]};
  return (four[0] + four[2]) + (four[1] + four[3]);
}

typedef struct {
  d8 energy_b, product, absolute, squared_products, largest;
  i8 differing;
} row_lanes;

typedef struct {
  d8 difference, energy;
} block_lanes;

INLINE void step(row_lanes *row, block_lanes *block, d8 a, d8 b) {
  const d8 d = a - b;
  const d8 size = magnitude(d);
  const d8 moment = a * d;
  block->difference += d * d;
  block->energy += a * a;
  row->energy_b += b * b;
  row->product += a * b;
  row->absolute += size;
  row->squared_products += moment * moment;
  row->largest = larger(row->largest, size);
  row->differing -= d != 0;
}

INLINE void one_row(const float *a, const float *b, double *sums, int64_t columns) {
  row_lanes row = {0};
  double *block_sums = sums + ROW_SUMS;
  int64_t k = 0;
  while (k < columns) {
    block_lanes block = {0};
    const int64_t end = columns - k < ROW_BLOCK ? columns : k + ROW_BLOCK;
    for (; k + ROW_LANES <= end; k += ROW_LANES) {
      step(&row, &block, widen(a + k), widen(b + k));
    }
    if (k < end) {
      /* Zeros add nothing to any sum. */
      float rest_a[ROW_LANES] = {0}, rest_b[ROW_LANES] = {0};
      memcpy(rest_a, a + k, (size_t)(end - k) * sizeof(float));
      memcpy(rest_b, b + k, (size_t)(end - k) * sizeof(float));
      step(&row, &block, widen(rest_a), widen(rest_b));
      k = end;
    }
    *block_sums++ = fold(block.difference);
    *block_sums++ = fold(block.energy);
  }
  sums[0] = fold(row.energy_b);
  sums[1] = fold(row.product);
  sums[2] = fold(row.absolute);
  sums[3] = fold(row.squared_products);
  double differing = 0, largest = 0;
  for (int lane = 0; lane < ROW_LANES; lane++) {
    differing += (double)row.differing[lane];
    largest = row.largest[lane] > largest ? row.largest[lane] : largest;
  }
  sums[4] = differing;
  sums[5] = largest;
}

void TIER_NAME(difference)(
    const float *a, const float *b, double *sums, int64_t rows, int64_t columns) {
  const int64_t length = ROW_SUMS + (columns + ROW_BLOCK - 1) / ROW_BLOCK * 2;
  for (int64_t r = 0; r < rows; r++) {
    one_row(a + r * columns, b + r * columns, sums + r * length, columns);
  }
}
