#ifndef ROSETTA_PROCESSOR_H
#define ROSETTA_PROCESSOR_H

#include "rosetta_kernels.h"

/* A bit for each tier that processor and operating system support. */
int32_t processor_tiers(void);

#endif
