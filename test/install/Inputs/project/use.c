#include "noisy_train.h"
#include "twice.h"
#include "wide.h"
#include <stdio.h>
#include <string.h>

#define RUN(model, MODEL, result, ...)                                                                                 \
  do {                                                                                                                 \
    static char memory[1 << 16] __attribute__((aligned(MODEL##_ALIGNMENT)));                                           \
    static char prepared[MODEL##_PREPARED_BYTES] __attribute__((aligned(MODEL##_ALIGNMENT)));                          \
    float x[] = {__VA_ARGS__};                                                                                         \
    model##_inputs in = {.size = sizeof in, .batch = 1, .x = x};                                                       \
    model##_outputs out = {.size = sizeof out, .y = &result, .y_rows = 1};                                             \
    rondo_error error = {0, ""};                                                                                       \
    if (model##_prepare((const float *)memory, prepared, &error) ||                                                    \
        model##_forward(prepared, &in, &out, memory, sizeof memory, NULL, &error))                                     \
      return puts(error.message), 1;                                                                                   \
  } while (0)

int main(void) {
  float a, b;
  RUN(twice, TWICE, a, 3);
  RUN(wide, WIDE, b, 1, 2, 4);
  size_t bytes = 0;
  if (noisy_train_window_state_bytes(1, &bytes, NULL) || bytes == 0 || !strstr(noisy_train_manifest(), "\"training\": true"))
    return puts("no windows, or not the training variant"), 1;
  printf("%g %g\n", a, b);
  return 0;
}
