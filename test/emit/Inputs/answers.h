/* What a library answers, for callers that print it. To be included behind the library's header. */
#include <stdio.h>
#include <stdlib.h>

static rondo_error error;

static inline void say(int holds, const char *what) { printf("%s%s\n", holds ? "" : "NOT SO: ", what); }
static inline void must(int32_t code) {
  if (code)
    printf("error %d: %s\n", code, error.message), exit(1);
}
static inline void fails(int32_t code) {
  static const char *const names[] = {"OK", "ARGUMENT", "STRUCTURE", "VALUE", "CAPACITY", "WORKSPACE"};
  printf("%s: %s\n", code == error.code && code >= 0 && code < 6 ? names[code] : "another code", error.message);
}
