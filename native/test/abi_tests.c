/* Versions, capabilities, and what happens with codes that do not exist. */
#include <stdio.h>

#include "rosetta_kernels.h"

#define CHECK(condition)                                              \
  if (!(condition)) {                                                 \
    fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);   \
    return 1;                                                         \
  }

int main(void) {
  float x[1] = {1}, y[1] = {7};
  CHECK(rosetta_abi_version() == ROSETTA_ABI_VERSION);
  CHECK(rosetta_tiers() & 1 << ROSETTA_TIER_PORTABLE);
  CHECK((rosetta_tiers() & ~7) == 0);
  CHECK(rosetta_matmul(x, x, y, -1, ROSETTA_TYPE_F32, 1, 1, 1, 1) == ROSETTA_UNKNOWN_TIER);
  CHECK(rosetta_matmul(x, x, y, 3, ROSETTA_TYPE_F32, 1, 1, 1, 1) == ROSETTA_UNKNOWN_TIER);
  CHECK(rosetta_matmul(x, x, y, 0, -1, 1, 1, 1, 1) == ROSETTA_UNKNOWN_TYPE);
  CHECK(rosetta_matmul(x, x, y, 0, 8, 1, 1, 1, 1) == ROSETTA_UNKNOWN_TYPE);
  CHECK(rosetta_dequantize(x, y, 3, ROSETTA_TYPE_F32, 1) == ROSETTA_UNKNOWN_TIER);
  CHECK(rosetta_dequantize(x, y, 0, 8, 1) == ROSETTA_UNKNOWN_TYPE);
  CHECK(rosetta_dequantize(x, y, 0, ROSETTA_TYPE_F32, -1) == ROSETTA_OK);
  double sums[6] = {7, 7, 7, 7, 7, 7};
  CHECK(rosetta_difference(x, y, sums, 3, 1, 1) == ROSETTA_UNKNOWN_TIER);
  CHECK(rosetta_difference(x, y, sums, 0, -1, 1) == ROSETTA_OK);
  CHECK(sums[0] == 7);
  CHECK(rosetta_difference(x, y, sums, 0, 1, -1) == ROSETTA_OK);
  CHECK(sums[0] == 0);
  CHECK(rosetta_matmul(x, x, y, 0, ROSETTA_TYPE_F32, -1, 1, 1, 1) == ROSETTA_OK);
  CHECK(y[0] == 7);
  CHECK(rosetta_matmul(x, x, y, 0, ROSETTA_TYPE_F32, 1, 1, 1, 1) == ROSETTA_OK);
  CHECK(y[0] == 1);
  CHECK(rosetta_matmul(x, x, y, 0, ROSETTA_TYPE_F32, 1, 0, 1, 1) == ROSETTA_OK);
  CHECK(y[0] == 0);
  return 0;
}
