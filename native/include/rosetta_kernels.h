/*
 * Exact multiplication of encoded weights with float32 activations, and their decoding.
 *
 * Every tier returns the same bits. A dot product of n elements accumulates into 16 float32 lanes,
 * element k into lane k mod 16, by fused multiply-add with k ascending; the lanes then fold as a
 * tree, lane i with lane i+8, then i+4, i+2, i+1. Weights are decoded to exact float32 first.
 *
 * Functions are thread-safe, allocate nothing, print nothing and keep no state. They need up to
 * 256 KiB of stack. Pointers need no alignment. Nothing outside the stated extents is touched.
 * The caller checks every size; negative counts are treated as zero.
 */
#ifndef ROSETTA_KERNELS_H
#define ROSETTA_KERNELS_H

#include <stdint.h>

#if defined(__GNUC__)
#define ROSETTA_EXPORT __attribute__((visibility("default")))
#else
#define ROSETTA_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Changes whenever a caller built against an older header would go wrong. */
#define ROSETTA_ABI_VERSION 2

/* Instruction tiers. Bit (1 << tier) of rosetta_tiers() says whether this processor has it. */
#define ROSETTA_TIER_PORTABLE 0 /* plain C */
#define ROSETTA_TIER_AVX2 1     /* AVX2, FMA, F16C */
#define ROSETTA_TIER_AVX512 2   /* AVX-512 F, BW, VL, DQ besides the above */

/* Element types, in ggml's block layouts. */
#define ROSETTA_TYPE_F32 0
#define ROSETTA_TYPE_F16 1
#define ROSETTA_TYPE_BF16 2
#define ROSETTA_TYPE_Q8_0 3
#define ROSETTA_TYPE_Q4_0 4
#define ROSETTA_TYPE_Q4_K 5
#define ROSETTA_TYPE_Q5_K 6
#define ROSETTA_TYPE_Q6_K 7

/* What a call returns. */
#define ROSETTA_OK 0
#define ROSETTA_UNKNOWN_TIER 1 /* not compiled in, or not on this processor */
#define ROSETTA_UNKNOWN_TYPE 2

/* ROSETTA_ABI_VERSION of the library, to be compared with the header's. */
ROSETTA_EXPORT int32_t rosetta_abi_version(void);

/* The tiers that are compiled in and that processor and operating system support, a bit each. */
ROSETTA_EXPORT int32_t rosetta_tiers(void);

/*
 * y[t * y_stride + r] = dot(w[r], x[t]) for r in [0, rows) and t in [0, tokens).
 *
 * w: rows of ceil(columns / block) blocks each, one after the other
 * x: tokens rows of columns float32
 * y: (tokens - 1) * y_stride + rows float32
 */
ROSETTA_EXPORT int32_t rosetta_matmul(
    const void *w, const float *x, float *y, int32_t tier, int32_t type, int64_t rows, int64_t columns,
    int64_t tokens, int64_t y_stride);

/*
 * Decodes the first elements values of a sequence of blocks.
 *
 * blocks: ceil(elements / block) blocks
 * values: elements float32
 */
ROSETTA_EXPORT int32_t rosetta_dequantize(
    const void *blocks, float *values, int32_t tier, int32_t type, int64_t elements);

/*
 * Sums over the differences of rows, in float64, each operation rounded by itself. Element k of a row
 * or of a block of 32 columns accumulates into lane k mod 8; the lanes then fold as a tree, lane i
 * with lane i+4, then i+2, i+1.
 *
 * a, b: rows of columns float32, one after the other
 * sums: for each row 6 + 2 * ceil(columns / 32) float64: the sums of b*b, of a*b, of |a-b| and of
 *       (a*(a-b))^2, the number of elements with a-b != 0, the largest |a-b| that is a number; then
 *       for each block the sums of (a-b)^2 and of a*a
 */
ROSETTA_EXPORT int32_t rosetta_difference(
    const float *a, const float *b, double *sums, int32_t tier, int64_t rows, int64_t columns);

/*
 * Executes rounds * 384 float32 fused multiply-adds from registers, as fast as the tier can: what
 * the processor can do at most. The result is meaningless.
 */
ROSETTA_EXPORT float rosetta_probe_fma(int32_t tier, int64_t rounds);

/* Reads size bytes, as fast as memory delivers them. The result is meaningless. */
ROSETTA_EXPORT int64_t rosetta_probe_read(const void *memory, int64_t size);

#ifdef __cplusplus
}
#endif

#endif
