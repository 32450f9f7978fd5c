/* Memory for callers, at a multiple of 64 bytes. It lives as long as the program; as it is linked, no sanitizer calls it
   lost. */
#include <stdint.h>
#include <stdlib.h>

static void *lasting(size_t bytes) {
  enum { Alignment = 64 };
  static void **last;
  void **memory = malloc(sizeof *memory + Alignment + bytes);
  uintptr_t begin = (uintptr_t)(memory + 1);
  *memory = last;
  last = memory;
  return (char *)(memory + 1) + (Alignment - begin % Alignment) % Alignment;
}
