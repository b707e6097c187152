#define _DEFAULT_SOURCE
#include "guarded.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

guarded guarded_open(size_t size, guard where) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t body = (size + page - 1) / page * page;
  guarded g = {.mapping_size = body + 2 * page};
  g.mapping = mmap(NULL, g.mapping_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.mapping == MAP_FAILED) {
    perror("mmap");
    exit(2);
  }
  uint8_t *first = (uint8_t *)g.mapping + page;
  if (body != 0 && mprotect(first, body, PROT_READ | PROT_WRITE) != 0) {
    perror("mprotect");
    exit(2);
  }
  g.bytes = where == GUARD_BEHIND ? first + body - size : first;
  return g;
}

void guarded_close(guarded *g) { munmap(g->mapping, g->mapping_size); }
