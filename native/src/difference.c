/*
 * Sums over the differences of two rows. GCC's and Clang's vectors, as wide as the tier's registers;
 * a lane does the same in each.
 */
#include "kernels.h"

#include <string.h>

#include "tier.h"

#define ROW_LANES 8
#define ROW_BLOCK 32
#define ROW_SUMS 6

#if defined(TIER_AVX512)
#define WIDTH 8
#elif defined(TIER_AVX2)
#define WIDTH 4
#else
#define WIDTH 2
#endif
/* Registers that make up the lanes. */
#define PARTS (ROW_LANES / WIDTH)

typedef float floats __attribute__((vector_size(4 * WIDTH)));
typedef double doubles __attribute__((vector_size(8 * WIDTH)));
typedef int64_t longs __attribute__((vector_size(8 * WIDTH)));

INLINE doubles widen(const float *x) {
  floats narrow;
  memcpy(&narrow, x, sizeof narrow);
  return __builtin_convertvector(narrow, doubles);
}

INLINE doubles magnitude(doubles x) { return (doubles)((longs)x & INT64_MAX); }

/* The larger of each lane, m where x is not a number. */
INLINE doubles larger(doubles m, doubles x) {
  const longs above = x > m;
  return (doubles)((above & (longs)x) | (~above & (longs)m));
}

/* Lane i with lane i+4, then i+2, then i+1. */
INLINE double fold(const doubles *parts) {
  double x[ROW_LANES];
  memcpy(x, parts, sizeof x);
  return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]));
}

typedef struct {
  doubles energy_b[PARTS], product[PARTS], absolute[PARTS], squared_products[PARTS], largest[PARTS];
  longs differing[PARTS];
} row_lanes;

/*
 * Adds a block, a register's lanes at a time: the sums of all lanes would not fit the registers of
 * the lesser tiers.
 */
INLINE void add_block(row_lanes *row, const float *a, const float *b, double *block_sums) {
  doubles differences[PARTS], energies[PARTS];
  for (int p = 0; p < PARTS; p++) {
    doubles difference = {0}, energy = {0};
    doubles energy_b = row->energy_b[p], product = row->product[p], absolute = row->absolute[p];
    doubles squared_products = row->squared_products[p], largest = row->largest[p];
    longs differing = row->differing[p];
    for (int k = p * WIDTH; k < ROW_BLOCK; k += ROW_LANES) {
      const doubles x = widen(a + k), y = widen(b + k);
      const doubles d = x - y, size = magnitude(d), moment = x * d;
      difference += d * d;
      energy += x * x;
      energy_b += y * y;
      product += x * y;
      absolute += size;
      squared_products += moment * moment;
      largest = larger(largest, size);
      differing -= d != 0;
    }
    differences[p] = difference, energies[p] = energy;
    row->energy_b[p] = energy_b, row->product[p] = product, row->absolute[p] = absolute;
    row->squared_products[p] = squared_products, row->largest[p] = largest;
    row->differing[p] = differing;
  }
  block_sums[0] = fold(differences);
  block_sums[1] = fold(energies);
}

INLINE void one_row(const float *a, const float *b, double *sums, int64_t columns) {
  row_lanes row;
  memset(&row, 0, sizeof row);
  double *block_sums = sums + ROW_SUMS;
  int64_t k = 0;
  for (; k + ROW_BLOCK <= columns; k += ROW_BLOCK, block_sums += 2) {
    add_block(&row, a + k, b + k, block_sums);
  }
  if (k < columns) {
    /* Zeros add nothing to any sum. */
    float rest_a[ROW_BLOCK] = {0}, rest_b[ROW_BLOCK] = {0};
    memcpy(rest_a, a + k, (size_t)(columns - k) * sizeof(float));
    memcpy(rest_b, b + k, (size_t)(columns - k) * sizeof(float));
    add_block(&row, rest_a, rest_b, block_sums);
  }
  sums[0] = fold(row.energy_b);
  sums[1] = fold(row.product);
  sums[2] = fold(row.absolute);
  sums[3] = fold(row.squared_products);
  double differing = 0, largest = 0;
  for (int lane = 0; lane < ROW_LANES; lane++) {
    const double size = row.largest[lane / WIDTH][lane % WIDTH];
    differing += (double)row.differing[lane / WIDTH][lane % WIDTH];
    largest = size > largest ? size : largest;
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
