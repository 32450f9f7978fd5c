/* Trains on two samples of 20,000 rows and says how much memory that took. */
#include "lasting.h"
#include "long.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum { batch = 2, rows = 20000 };

static long peak(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss; /* kB */
}

int main(void) {
  static float x[batch * rows][2];
  const int64_t steps[] = {0, rows, 2 * rows};
  for (int i = 0; i < batch * rows; ++i)
    x[i][0] = (float)(i % 7) / 7, x[i][1] = (float)(i % 3) / 3;
  rondo_error error;
  float *parameters = lasting(LONG_PARAMETER_BYTES), *gradients = lasting(LONG_PARAMETER_BYTES);
  void *prepared = lasting(LONG_PREPARED_BYTES);
  memset(gradients, 0, LONG_PARAMETER_BYTES);
  long_inputs in = {.size = sizeof in, .batch = batch, .step_offsets = steps, .x = x[0]};
  size_t bytes;
  long before = peak();
  if (long_init(parameters, 1, &error) || long_backward_workspace_bytes(&in, &bytes, &error))
    return printf("%s\n", error.message), 1;
  printf("workspace: %s than 3 MB\n", bytes < 3 << 20 ? "less" : "MORE");
  void *workspace = lasting(bytes);
  float first = 0, loss = 0;
  for (int step = 0; step < 3; ++step) {
    long_outputs out = {.size = sizeof out, .losses = &loss};
    long_gradients flows = {.size = sizeof flows, .parameters = gradients};
    if (long_prepare(parameters, prepared, &error) ||
        long_backward(prepared, &in, &out, &flows, workspace, bytes, NULL, &error))
      return printf("%s\n", error.message), 1;
    first = step ? first : loss;
    for (size_t i = 0; i < LONG_PARAMETER_BYTES / sizeof(float); ++i)
      parameters[i] -= 0.5f * gradients[i];
  }
  printf("loss: %s\n", loss < 0.95f * first ? "falls" : "DOES NOT FALL");
  printf("memory: %s than 16 MB more than data\n", peak() - before < 16 << 10 ? "less" : "MORE");
  return 0;
}
