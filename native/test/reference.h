/*
 * What every kernel must return, computed the slow way: an element at a time, from the description
 * of the block layouts.
 */
#ifndef ROSETTA_TEST_REFERENCE_H
#define ROSETTA_TEST_REFERENCE_H

#include <stdint.h>

#include "rosetta_kernels.h"

#define TYPE_COUNT 8

typedef struct {
  const char *name;
  int32_t type;
  int64_t block;
  int64_t block_bytes;
} type_info;

extern const type_info type_infos[TYPE_COUNT];
extern const char *const tier_names[3];

/* Bytes of elements values. */
int64_t type_bytes(const type_info *type, int64_t elements);

/* Element i of a sequence of blocks. */
float reference_element(const type_info *type, const uint8_t *blocks, int64_t i);

/* The dot product of n decoded elements with x. */
float reference_dot(const float *w, const float *x, int64_t n);

/* Same bits, or both not a number. */
int same_float(float a, float b);

/* xorshift64*, so that a seed gives the same bytes everywhere. */
uint64_t next_random(uint64_t *state);

/* What random blocks are made of. */
typedef enum { FILL_PLAIN, FILL_RANDOM_BYTES, FILL_SUBNORMAL, FILL_EXTREME, FILL_ZERO, FILLS } fill;

/* Fills bytes with whole blocks; a started last block may be cut. */
void fill_blocks(const type_info *type, uint8_t *blocks, int64_t bytes, fill how, uint64_t *seed);

/* Fills activations: mostly of order 1, some zero, tiny or huge. */
void fill_activations(float *x, int64_t n, uint64_t *seed);

#endif
