/*
 * The vector vocabulary that kernels are written in, defined once per instruction tier.
 *
 * v16 is the 16 lanes of a dot product. A tier also names its machine register, vec, with VEC_LANES
 * lanes, 16 / VEC_LANES of which make a v16; the register block works on those.
 *
 * Each kernel source is compiled once per tier with TIER_<NAME> defined and the tier's compiler
 * flags. TIER_NAME(f) is the tier's own symbol for f.
 */
#ifndef ROSETTA_TIER_H
#define ROSETTA_TIER_H

#include <stdint.h>
#include <string.h>

#define LANES 16
#define INLINE static inline __attribute__((always_inline))
#if defined(ROSETTA_NO_UNROLL)
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 64")
#endif
#define ROLLED _Pragma("GCC unroll 1")
/*
 * Has array read back from memory, where an element can be broadcast by the instruction that needs
 * it. Left alone, the compiler takes elements out of the register that was stored, which occupies
 * the port of the permutations once for each.
 */
#if defined(__GNUC__)
#define KEEP_IN_MEMORY(array) __asm__("" : "+m"(array))
#else
#define KEEP_IN_MEMORY(array) (void)(array)
#endif
#define JOIN(a, b) a##_##b
#define JOIN_EXPANDED(a, b) JOIN(a, b)
#define TIER_NAME(f) JOIN_EXPANDED(f, TIER)

#if defined(TIER_AVX512)
#define TIER avx512
#include "tier_avx512.h"
#elif defined(TIER_AVX2)
#define TIER avx2
#include "tier_avx2.h"
#elif defined(TIER_PORTABLE)
#define TIER portable
#include "tier_portable.h"
#else
#error "define TIER_PORTABLE, TIER_AVX2 or TIER_AVX512"
#endif

INLINE uint16_t load_u16(const uint8_t *p) {
  return (uint16_t)(p[0] | p[1] << 8);
}

/* The float16 at p. */
INLINE float load_f16(const uint8_t *p) {
  return f16_to_f32(load_u16(p));
}

#endif
