/* Memory that lies flush against an unmapped page in front or behind. */
#ifndef ROSETTA_TEST_GUARDED_H
#define ROSETTA_TEST_GUARDED_H

#include <stddef.h>

typedef enum { GUARD_BEHIND, GUARD_IN_FRONT } guard;

typedef struct {
  /* The usable bytes. */
  void *bytes;
  void *mapping;
  size_t mapping_size;
} guarded;

/* size bytes; touching the byte just behind, or just in front, kills the process. */
guarded guarded_open(size_t size, guard where);
void guarded_close(guarded *g);

#endif
