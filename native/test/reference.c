#include "reference.h"

#include <math.h>
#include <string.h>

const type_info type_infos[TYPE_COUNT] = {
    {"F32", ROSETTA_TYPE_F32, 1, 4},       {"F16", ROSETTA_TYPE_F16, 1, 2},
    {"BF16", ROSETTA_TYPE_BF16, 1, 2},     {"Q8_0", ROSETTA_TYPE_Q8_0, 32, 34},
    {"Q4_0", ROSETTA_TYPE_Q4_0, 32, 18},   {"Q4_K", ROSETTA_TYPE_Q4_K, 256, 144},
    {"Q5_K", ROSETTA_TYPE_Q5_K, 256, 176}, {"Q6_K", ROSETTA_TYPE_Q6_K, 256, 210},
};
const char *const tier_names[3] = {"portable", "avx2", "avx512"};

int64_t type_bytes(const type_info *type, int64_t elements) {
  return (elements + type->block - 1) / type->block * type->block_bytes;
}

static float from_bits(uint32_t bits) {
  float f;
  memcpy(&f, &bits, sizeof f);
  return f;
}

static uint32_t to_bits(float f) {
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

static uint16_t u16(const uint8_t *p) { return (uint16_t)(p[0] + 256 * p[1]); }

static float half(const uint8_t *p) {
  const int bits = u16(p);
  const int exponent = bits / 1024 % 32;
  const int fraction = bits % 1024;
  float magnitude;
  if (exponent == 31) {
    magnitude = fraction == 0 ? INFINITY : NAN;
  } else if (exponent == 0) {
    magnitude = ldexpf((float)fraction, -24);
  } else {
    magnitude = ldexpf((float)(1024 + fraction), exponent - 25);
  }
  return bits >= 0x8000 ? -magnitude : magnitude;
}

static int scale_of(const uint8_t *s, int j) {
  return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
}

static int minimum_of(const uint8_t *s, int j) {
  return j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

static float k_value(const uint8_t *b, int sub_block, int q) {
  const float scaled = half(b) * (float)scale_of(b + 4, sub_block) * (float)q;
  const float offset = half(b + 2) * (float)minimum_of(b + 4, sub_block);
  return scaled - offset;
}

float reference_element(const type_info *type, const uint8_t *blocks, int64_t i) {
  const uint8_t *b = blocks + i / type->block * type->block_bytes;
  const int e = (int)(i % type->block);
  switch (type->type) {
    case ROSETTA_TYPE_F32: return from_bits((uint32_t)u16(b) | (uint32_t)u16(b + 2) << 16);
    case ROSETTA_TYPE_F16: return half(b);
    case ROSETTA_TYPE_BF16: return from_bits((uint32_t)u16(b) << 16);
    case ROSETTA_TYPE_Q8_0: return half(b) * (float)(int8_t)b[2 + e];
    case ROSETTA_TYPE_Q4_0: {
      const int q = e < 16 ? b[2 + e] & 15 : b[2 + e - 16] >> 4;
      return half(b) * (float)(q - 8);
    }
    case ROSETTA_TYPE_Q4_K: {
      const int byte = b[16 + e / 64 * 32 + e % 32];
      return k_value(b, e / 32, e / 32 % 2 == 0 ? byte & 15 : byte >> 4);
    }
    case ROSETTA_TYPE_Q5_K: {
      const int byte = b[48 + e / 64 * 32 + e % 32];
      const int nibble = e / 32 % 2 == 0 ? byte & 15 : byte >> 4;
      return k_value(b, e / 32, nibble + 16 * (b[16 + e % 32] >> e / 32 & 1));
    }
    default: {
      const int position = e % 128;
      const int byte = b[64 * (e / 128) + position % 64];
      const int nibble = position < 64 ? byte & 15 : byte >> 4;
      const int upper = b[128 + 32 * (e / 128) + e % 32] >> 2 * (position / 32) & 3;
      const int scale = (int8_t)b[192 + e / 16];
      return half(b + 208) * (float)scale * (float)(nibble + 16 * upper - 32);
    }
  }
}

float reference_dot(const float *w, const float *x, int64_t n) {
  float lane[16] = {0};
  for (int64_t k = 0; k < n; k++) {
    lane[k % 16] = fmaf(w[k], x[k], lane[k % 16]);
  }
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) {
      lane[i] = lane[i] + lane[i + width];
    }
  }
  return lane[0];
}

int same_float(float a, float b) { return to_bits(a) == to_bits(b) || (isnan(a) && isnan(b)); }

uint64_t next_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* A float16 scale of the kind wanted. */
static uint16_t scale_bits(fill how, uint64_t *seed) {
  const uint64_t r = next_random(seed) >> 32;
  const uint16_t sign = r & 1 ? 0x8000 : 0;
  switch (how) {
    case FILL_SUBNORMAL: return (uint16_t)(sign | (1 + r / 2 % 1023));
    case FILL_EXTREME: return (uint16_t)(sign | (r & 2 ? 0x7bff : 0x0001));
    case FILL_ZERO: return sign;
    default: return (uint16_t)(sign | (0x1c00 + r / 2 % 0x1400));
  }
}

static void put_u16(uint8_t *p, uint16_t bits) {
  p[0] = (uint8_t)bits;
  p[1] = (uint8_t)(bits >> 8);
}

void fill_blocks(const type_info *type, uint8_t *blocks, int64_t bytes, fill how, uint64_t *seed) {
  for (int64_t i = 0; i < bytes; i++) {
    blocks[i] = (uint8_t)(next_random(seed) >> 56);
  }
  if (how == FILL_RANDOM_BYTES) {
    return;
  }
  for (int64_t i = 0; i + type->block_bytes <= bytes; i += type->block_bytes) {
    uint8_t *b = blocks + i;
    switch (type->type) {
      case ROSETTA_TYPE_F32: {
        const float f = half((uint8_t[]){b[0], b[1] & 0xbf}) * 0.03125f;
        const uint32_t bits = how == FILL_SUBNORMAL ? to_bits(f) >> 9 : to_bits(f);
        put_u16(b, (uint16_t)bits);
        put_u16(b + 2, (uint16_t)(bits >> 16));
        break;
      }
      case ROSETTA_TYPE_F16: put_u16(b, scale_bits(how, seed)); break;
      case ROSETTA_TYPE_BF16:
        put_u16(b, (uint16_t)((b[1] & 0x80) << 8 | (0x3c00 + (b[0] & 0xff) * 2)));
        break;
      case ROSETTA_TYPE_Q8_0:
      case ROSETTA_TYPE_Q4_0: put_u16(b, scale_bits(how, seed)); break;
      case ROSETTA_TYPE_Q6_K: put_u16(b + 208, scale_bits(how, seed)); break;
      default:
        put_u16(b, scale_bits(how, seed));
        put_u16(b + 2, scale_bits(how, seed));
    }
  }
}

void fill_activations(float *x, int64_t n, uint64_t *seed) {
  for (int64_t i = 0; i < n; i++) {
    const uint64_t r = next_random(seed);
    const float unit = (float)(int32_t)(r >> 32) * 0x1p-31f;
    switch (r & 31) {
      case 0: x[i] = 0.0f; break;
      case 1: x[i] = unit * 0x1p-120f; break;
      case 2: x[i] = unit * 0x1p20f; break;
      case 3: x[i] = -0.0f; break;
      default: x[i] = unit;
    }
  }
}
