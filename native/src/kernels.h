/* What a kernel source offers to the dispatcher: one entry per element type and tier. */
#ifndef ROSETTA_KERNELS_INTERNAL_H
#define ROSETTA_KERNELS_INTERNAL_H

#include <stdint.h>

typedef struct kernel {
  /* Elements of a block. */
  int64_t block;
  /* Bytes of a block. */
  int64_t block_bytes;
  /* Bytes of one element, 0 where a started block is stored whole. */
  int64_t element_bytes;
  /* Most token columns that matmul_few takes. */
  int64_t few_tokens;
  /* Decodes the first elements values of a sequence of blocks. */
  void (*decode)(const uint8_t *blocks, float *values, int64_t elements);
  /* Decodes in registers and multiplies at once: each weight is decoded for every call. */
  void (*matmul_few)(
      const uint8_t *w, int64_t row_bytes, const float *x, float *y, int64_t rows, int64_t columns,
      int64_t tokens, int64_t y_stride);
  /* Decodes a panel of rows into scratch memory and multiplies from there. */
  void (*matmul_many)(
      const struct kernel *kernel, const uint8_t *w, int64_t row_bytes, const float *x, float *y,
      int64_t rows, int64_t columns, int64_t tokens, int64_t y_stride);
} kernel;

/* Bytes of the first elements values of a sequence of blocks. */
static inline int64_t encoded_bytes(const kernel *k, int64_t elements) {
  return k->element_bytes != 0 ? elements * k->element_bytes
                               : (elements + k->block - 1) / k->block * k->block_bytes;
}

#define DECLARE_TIER(tier)                                                                     \
  extern const kernel kernel_f32_##tier, kernel_f16_##tier, kernel_bf16_##tier,                \
      kernel_q8_0_##tier, kernel_q4_0_##tier, kernel_q4_k_##tier, kernel_q5_k_##tier,          \
      kernel_q6_k_##tier;                                                                      \
  float probe_fma_##tier(int64_t rounds);                                                      \
  void difference_##tier(                                                                      \
      const float *a, const float *b, double *sums, int64_t rows, int64_t columns);            \
  void matmul_many_##tier(                                                                     \
      const kernel *kernel, const uint8_t *w, int64_t row_bytes, const float *x, float *y,     \
      int64_t rows, int64_t columns, int64_t tokens, int64_t y_stride)

DECLARE_TIER(portable);
DECLARE_TIER(avx2);
DECLARE_TIER(avx512);

#endif
