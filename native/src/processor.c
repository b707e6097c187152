/* Which instruction tiers processor and operating system support. */
#include "processor.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* Register state that the operating system saves: XMM and YMM, and with AVX-512 also opmask and ZMM. */
#define STATE_AVX 0x06u
#define STATE_AVX512 0xe6u

static uint32_t saved_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

#define HAS(word, mask) (((word) & (mask)) == (mask))

static int32_t ask(void) {
  int32_t tiers = 1 << ROSETTA_TIER_PORTABLE;
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !HAS(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C)) {
    return tiers;
  }
  const uint32_t state = saved_state();
  if (!HAS(state, STATE_AVX) || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || !HAS(b, bit_AVX2)) {
    return tiers;
  }
  tiers |= 1 << ROSETTA_TIER_AVX2;
  if (HAS(state, STATE_AVX512) && HAS(b, bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ)) {
    tiers |= 1 << ROSETTA_TIER_AVX512;
  }
  return tiers;
}

/* Kept, because cpuid leaves a virtual machine and takes longer than a small product of matrices. */
static _Atomic int32_t known;

int32_t processor_tiers(void) {
  int32_t tiers = known;
  if (tiers == 0) {
    tiers = ask();
    known = tiers;
  }
  return tiers;
}

#else

int32_t processor_tiers(void) { return 1 << ROSETTA_TIER_PORTABLE; }

#endif
