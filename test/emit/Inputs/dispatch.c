/* Prints the squares of 0 to 18, by the model of dispatch.rondo. */
#include "power.h"
#include <stdio.h>

static char prepared[POWER_PREPARED_BYTES] __attribute__((aligned(POWER_ALIGNMENT)));
static char workspace[1 << 16] __attribute__((aligned(POWER_ALIGNMENT)));

int main(void) {
  float x[19], y[19];
  int i;
  power_inputs in = {sizeof in, 1, 0, x};
  power_outputs out = {.size = sizeof out, .y = y, .y_rows = 1};
  rondo_error error;
  for (i = 0; i < 19; ++i)
    x[i] = (float)i;
  /* There are no parameters, but they have a place. */
  if (power_prepare((const float *)workspace, prepared, &error) ||
      power_forward(prepared, &in, &out, workspace, sizeof workspace, NULL, &error)) {
    printf("error %d: %s\n", (int)error.code, error.message);
    return 0;
  }
  for (i = 0; i < 19; ++i)
    printf("%g ", y[i]);
  puts("");
  return 0;
}
