/*
 * Every tier, type and fill against the reference, bit for bit, over sizes around every block, lane
 * and register-block multiple. Each operand lies flush against an unmapped page, behind it in one
 * pass and in front of it in the other, so that an access outside kills the test.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"
#include "reference.h"

static int failures;

static void fail(
    const char *what, int tier, const type_info *type, int how, uint64_t seed, int64_t rows,
    int64_t columns, int64_t tokens, int64_t at, float expected, float actual) {
  if (failures++ < 20) {
    fprintf(
        stderr,
        "%s %s %s fill=%d seed=%" PRIu64 " rows=%" PRId64 " columns=%" PRId64 " tokens=%" PRId64
        " at %" PRId64 ": expected %a, got %a\n",
        what, tier_names[tier], type->name, how, seed, rows, columns, tokens, at, (double)expected,
        (double)actual);
  }
}

/* Lane i with lane i+4, then i+2, then i+1. */
static double fold_lanes(const double *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void check_dequantize(
    int tier, const type_info *type, fill how, uint64_t seed, int64_t elements, guard where) {
  uint64_t state = seed;
  const int64_t bytes = type_bytes(type, elements);
  guarded blocks = guarded_open((size_t)bytes, where);
  guarded values = guarded_open((size_t)elements * sizeof(float), where);
  fill_blocks(type, blocks.bytes, bytes, how, &state);
  rosetta_dequantize(blocks.bytes, values.bytes, tier, type->type, elements);
  for (int64_t i = 0; i < elements; i++) {
    const float expected = reference_element(type, blocks.bytes, i);
    const float actual = ((float *)values.bytes)[i];
    if (!same_float(expected, actual)) {
      fail("dequantize", tier, type, how, seed, 1, elements, 1, i, expected, actual);
      break;
    }
  }
  guarded_close(&blocks);
  guarded_close(&values);
}

/* What a row's sums must be, an element at a time. */
static void reference_difference(const float *a, const float *b, double *sums, int64_t columns) {
  double lanes[4][8] = {{0}}, differing = 0, largest = 0;
  for (int64_t k = 0; k < columns; k++) {
    const double x = a[k], y = b[k], d = x - y;
    lanes[0][k % 8] += y * y;
    lanes[1][k % 8] += x * y;
    lanes[2][k % 8] += fabs(d);
    lanes[3][k % 8] += x * d * (x * d);
    differing += d != 0;
    largest = fabs(d) > largest ? fabs(d) : largest;
  }
  for (int s = 0; s < 4; s++) {
    sums[s] = fold_lanes(lanes[s]);
  }
  sums[4] = differing;
  sums[5] = largest;
  for (int64_t from = 0; from < columns; from += 32) {
    double difference[8] = {0}, energy[8] = {0};
    for (int64_t k = from; k < columns && k < from + 32; k++) {
      const double x = a[k], d = x - b[k];
      difference[k % 8] += d * d;
      energy[k % 8] += x * x;
    }
    sums[6 + from / 16] = fold_lanes(difference);
    sums[7 + from / 16] = fold_lanes(energy);
  }
}

static void check_difference(
    int tier, uint64_t seed, int64_t rows, int64_t columns, int finite, guard where) {
  uint64_t state = seed;
  const int64_t length = 6 + 2 * ((columns + 31) / 32);
  guarded a = guarded_open((size_t)(rows * columns) * sizeof(float), where);
  guarded b = guarded_open((size_t)(rows * columns) * sizeof(float), where);
  guarded sums = guarded_open((size_t)(rows * length) * sizeof(double), where);
  double *expected = malloc((size_t)length * sizeof(double));
  fill_activations(a.bytes, rows * columns, &state);
  fill_activations(b.bytes, rows * columns, &state);
  for (int64_t i = 0; i < rows * columns; i++) {
    const uint64_t kind = next_random(&state) % (finite ? 4 : 64);
    float *x = (float *)a.bytes + i, *y = (float *)b.bytes + i;
    if (kind == 0) {
      *y = *x;
    } else if (kind == 61) {
      *x = *y = INFINITY;
    } else if (kind == 62) {
      *x = NAN;
    } else if (kind == 63) {
      *y = -INFINITY;
    }
  }
  rosetta_difference(a.bytes, b.bytes, sums.bytes, tier, rows, columns);
  for (int64_t i = 0; i < rows * length; i++) {
    const int64_t r = i / length;
    reference_difference(
        (float *)a.bytes + r * columns, (float *)b.bytes + r * columns, expected, columns);
    const double e = expected[i % length], got = ((double *)sums.bytes)[i];
    if (memcmp(&e, &got, sizeof e) != 0 && !(isnan(e) && isnan(got))) {
      if (failures++ < 20) {
        fprintf(
            stderr, "difference %s seed=%" PRIu64 " rows=%" PRId64 " columns=%" PRId64 " at %" PRId64
            ": expected %a, got %a\n", tier_names[tier], seed, rows, columns, i, e, got);
      }
      break;
    }
  }
  free(expected);
  guarded_close(&a);
  guarded_close(&b);
  guarded_close(&sums);
}

static void check_matmul(
    int tier, const type_info *type, fill how, uint64_t seed, int64_t rows, int64_t columns,
    int64_t tokens, int64_t gap, guard where) {
  uint64_t state = seed;
  const int64_t row_bytes = type_bytes(type, columns);
  const int64_t y_stride = rows + gap;
  const int64_t y_size = tokens == 0 ? 0 : (tokens - 1) * y_stride + rows;
  guarded w = guarded_open((size_t)(rows * row_bytes), where);
  guarded x = guarded_open((size_t)(tokens * columns) * sizeof(float), where);
  guarded y = guarded_open((size_t)y_size * sizeof(float), where);
  fill_blocks(type, w.bytes, rows * row_bytes, how, &state);
  fill_activations(x.bytes, tokens * columns, &state);
  float *decoded = malloc((size_t)(rows * columns + 1) * sizeof(float));
  for (int64_t i = 0; i < rows * columns; i++) {
    decoded[i] =
        reference_element(type, (uint8_t *)w.bytes + i / columns * row_bytes, i % columns);
  }
  memset(y.bytes, 0x55, (size_t)y_size * sizeof(float));
  float untouched;
  memset(&untouched, 0x55, sizeof untouched);
  rosetta_matmul(
      w.bytes, x.bytes, y.bytes, tier, type->type, rows, columns, tokens, y_stride);
  for (int64_t i = 0; i < y_size; i++) {
    const int64_t r = i % y_stride;
    const float expected =
        r >= rows ? untouched
                  : reference_dot(
                        decoded + r * columns, (float *)x.bytes + i / y_stride * columns, columns);
    const float actual = ((float *)y.bytes)[i];
    if (!same_float(expected, actual)) {
      fail("matmul", tier, type, how, seed, rows, columns, tokens, i, expected, actual);
      break;
    }
  }
  free(decoded);
  guarded_close(&w);
  guarded_close(&x);
  guarded_close(&y);
}

static void check_sizes(int tier, const type_info *type, fill how, uint64_t seed, guard where) {
  static const int64_t lengths[] = {0,   1,   2,   15,  16,  17,  31,  32,  33,  47,   63,  64,
                                    65,  255, 256, 257, 271, 287, 288, 511, 512, 513,  768, 1023,
                                    1024, 1025, 1040, 1300};
  static const int64_t lines[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 19};
  static const int64_t columns_of_tokens[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,
                                              9,  11, 12, 13, 16, 24, 25, 64, 70};
  const int length_count = sizeof lengths / sizeof *lengths;
  const int line_count = sizeof lines / sizeof *lines;
  const int token_count = sizeof columns_of_tokens / sizeof *columns_of_tokens;
  for (int i = 0; i < length_count; i++) {
    check_dequantize(tier, type, how, seed + (uint64_t)i, lengths[i], where);
    /* Every token count with plain blocks, every fifth with each of the others. */
    for (int t = how == FILL_PLAIN ? 0 : i % 5; t < token_count; t += how == FILL_PLAIN ? 1 : 5) {
      /* Each length and token count meets a number of rows that changes with both. */
      const int64_t rows = lines[(i * 5 + t) % line_count];
      check_matmul(
          tier, type, how, seed + (uint64_t)(i * 100 + t), rows, lengths[i], columns_of_tokens[t],
          i % 3, where);
    }
  }
  for (int r = 0; r < line_count; r++) {
    for (int t = how == FILL_PLAIN ? 0 : r % 5; t < token_count; t += how == FILL_PLAIN ? 1 : 5) {
      check_matmul(
          tier, type, how, seed + (uint64_t)(5000 + r * 100 + t), lines[r], 544,
          columns_of_tokens[t], 0, where);
    }
  }
  check_matmul(tier, type, how, seed, 5, 528, 97, 0, where);
  /* Around the rows and tokens whose lanes matmul_many keeps at a time, over two panels. */
  for (int64_t rows = 47; rows <= 49; rows++) {
    check_matmul(tier, type, how, seed + (uint64_t)rows, rows, 816, 16, 1, where);
  }
  check_matmul(tier, type, how, seed, 97, 256, 65, 0, where);
}

int main(int argc, char **argv) {
  const uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 20240607;
  int tiers = 0;
  for (int tier = 0; tier < 3; tier++) {
    if ((rosetta_tiers() >> tier & 1) == 0) {
      printf("skipped %s: not on this processor\n", tier_names[tier]);
      continue;
    }
    tiers++;
    for (int64_t columns = 0; columns <= 140; columns++) {
      for (int how = 0; how < 4; how++) {
        check_difference(
            tier, seed + (uint64_t)columns, columns % 5, columns, how / 2,
            how % 2 ? GUARD_IN_FRONT : GUARD_BEHIND);
      }
    }
    for (int i = 0; i < TYPE_COUNT; i++) {
      for (int how = 0; how < FILLS; how++) {
        check_sizes(tier, &type_infos[i], how, seed, how % 2 ? GUARD_IN_FRONT : GUARD_BEHIND);
      }
      check_sizes(tier, &type_infos[i], FILL_RANDOM_BYTES, seed + 1, GUARD_BEHIND);
    }
  }
  if (failures != 0) {
    fprintf(stderr, "%d failures\n", failures);
    return 1;
  }
  printf("%d tiers, %d types: equal to the reference\n", tiers, TYPE_COUNT);
  return 0;
}
