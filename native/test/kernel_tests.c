/*
 * Every tier, type and fill against the reference, bit for bit, over sizes around every block, lane
 * and register-block multiple. Each operand lies flush against an unmapped page, behind it in one
 * pass and in front of it in the other, so that an access outside kills the test.
 */
#include <inttypes.h>
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
