/* The functions of the header: each picks the kernel of its tier and type. */
#include "rosetta_kernels.h"

#include <string.h>

#include "kernels.h"
#include "processor.h"

#define TYPES 8

/* In the order of ROSETTA_TYPE_... */
#define KERNELS(tier)                                                                       \
  {                                                                                         \
    &kernel_f32_##tier, &kernel_f16_##tier, &kernel_bf16_##tier, &kernel_q8_0_##tier,       \
        &kernel_q4_0_##tier, &kernel_q4_k_##tier, &kernel_q5_k_##tier, &kernel_q6_k_##tier  \
  }

/* In the order of ROSETTA_TIER_... */
static const kernel *const kernels[][TYPES] = {
    KERNELS(portable),
#if defined(__x86_64__)
    KERNELS(avx2),
    KERNELS(avx512),
#endif
};

static float (*const probes[])(int64_t) = {
    probe_fma_portable,
#if defined(__x86_64__)
    probe_fma_avx2,
    probe_fma_avx512,
#endif
};

static void (*const differences[])(const float *, const float *, double *, int64_t, int64_t) = {
    difference_portable,
#if defined(__x86_64__)
    difference_avx2,
    difference_avx512,
#endif
};

int32_t rosetta_abi_version(void) { return ROSETTA_ABI_VERSION; }

int32_t rosetta_tiers(void) { return processor_tiers(); }

static int has_tier(int32_t tier) {
  return tier >= 0 && tier <= ROSETTA_TIER_AVX512 && (rosetta_tiers() >> tier & 1) != 0;
}

int32_t rosetta_matmul(
    const void *w, const float *x, float *y, int32_t tier, int32_t type, int64_t rows, int64_t columns,
    int64_t tokens, int64_t y_stride) {
  if (!has_tier(tier)) {
    return ROSETTA_UNKNOWN_TIER;
  }
  if (type < 0 || type >= TYPES) {
    return ROSETTA_UNKNOWN_TYPE;
  }
  if (rows <= 0 || tokens <= 0) {
    return ROSETTA_OK;
  }
  if (columns < 0) {
    columns = 0;
  }
  const kernel *k = kernels[tier][type];
  const int64_t row_bytes = encoded_bytes(k, columns);
  if (tokens <= k->few_tokens) {
    k->matmul_few(w, row_bytes, x, y, rows, columns, tokens, y_stride);
  } else {
    k->matmul_many(k, w, row_bytes, x, y, rows, columns, tokens, y_stride);
  }
  return ROSETTA_OK;
}

int32_t rosetta_dequantize(
    const void *blocks, float *values, int32_t tier, int32_t type, int64_t elements) {
  if (!has_tier(tier)) {
    return ROSETTA_UNKNOWN_TIER;
  }
  if (type < 0 || type >= TYPES) {
    return ROSETTA_UNKNOWN_TYPE;
  }
  if (elements > 0) {
    kernels[tier][type]->decode(blocks, values, elements);
  }
  return ROSETTA_OK;
}

int32_t rosetta_difference(
    const float *a, const float *b, double *sums, int32_t tier, int64_t rows, int64_t columns) {
  if (!has_tier(tier)) {
    return ROSETTA_UNKNOWN_TIER;
  }
  if (rows > 0) {
    differences[tier](a, b, sums, rows, columns > 0 ? columns : 0);
  }
  return ROSETTA_OK;
}

float rosetta_probe_fma(int32_t tier, int64_t rounds) {
  return has_tier(tier) ? probes[tier](rounds) : 0;
}

int64_t rosetta_probe_read(const void *memory, int64_t size) {
  const uint8_t *bytes = memory;
  int64_t sum = 0;
  /* A word of each line of the cache: memory delivers the whole line, and nothing else holds it up. */
  for (int64_t i = 0; i + 64 <= size; i += 64) {
    int64_t word;
    memcpy(&word, bytes + i, sizeof word);
    sum += word;
  }
  return sum;
}
