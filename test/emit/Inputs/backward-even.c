#include "lasting.h"
#include "net.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { Samples = 21, Steps = 6, Inputs = 3, Outputs = 10 };

static float x[Samples * Steps * Inputs], d_y[Samples * Steps * Outputs], d_x[2][Samples * Steps * Inputs];
static void *prepared, *workspace;
static size_t workspace_bytes;

/* Samples first..end-1; `accumulate`: parameters' gradients are added. */
static void backward(int first, int end, int accumulate, float *parameters, float *to, net_pool *pool) {
  int64_t offsets[Samples + 1];
  for (int i = 0; i <= end - first; ++i)
    offsets[i] = (int64_t)i * Steps;
  net_inputs in = {.size = sizeof in, .batch = end - first, .step_offsets = offsets, .x = x + first * Steps * Inputs};
  net_outputs out = {.size = sizeof out};
  net_gradients gradients = {.size = sizeof gradients,
                             .accumulate = accumulate,
                             .parameters = parameters,
                             .d_y = d_y + first * Steps * Outputs,
                             .d_x = to + first * Steps * Inputs};
  size_t bytes;
  rondo_error error;
  if (net_backward_workspace_bytes(&in, &bytes, &error) || bytes > workspace_bytes ||
      net_backward(prepared, &in, &out, &gradients, workspace, bytes, pool, &error))
    printf("error: %s\n", error.message);
}

int main(void) {
  const size_t numbers = NET_PARAMETER_BYTES / sizeof(float);
  float *parameters = lasting(NET_PARAMETER_BYTES), *gradients[2];
  rondo_error error;
  prepared = lasting(NET_PREPARED_BYTES);
  workspace = lasting(workspace_bytes = 1 << 22);
  for (int i = 0; i < 2; ++i)
    gradients[i] = lasting(NET_PARAMETER_BYTES);
  for (size_t i = 0; i < sizeof x / sizeof *x; ++i)
    x[i] = (float)sin(3.7 * (double)i);
  for (size_t i = 0; i < sizeof d_y / sizeof *d_y; ++i)
    d_y[i] = (float)sin(2.3 * (double)i);
  if (net_init(parameters, 1, &error) || net_prepare(parameters, prepared, &error))
    return 1;
  const int counts[] = {7, 8, Samples};
  for (int c = 0; c < 3; ++c) {
    printf("samples: %d\n", counts[c]);
    memset(gradients[0], 0, NET_PARAMETER_BYTES);
    for (int s = 0; s < counts[c]; ++s)
      backward(s, s + 1, 1, gradients[0], d_x[0], NULL);
    for (int threads = 1; threads <= 3; ++threads) {
      static float first[4096];
      net_pool *pool = net_pool_create(threads);
      memset(gradients[1], 0xff, NET_PARAMETER_BYTES);
      memset(d_x[1], 0xff, sizeof d_x[1]);
      backward(0, counts[c], 0, gradients[1], d_x[1], pool);
      net_pool_destroy(pool);
      if (memcmp(d_x[0], d_x[1], (size_t)counts[c] * Steps * Inputs * sizeof(float)))
        printf("%d threads: gradients of the input differ\n", threads);
      /* Between parameters there may be anything. */
      for (size_t i = 0; i < numbers; ++i)
        if (fabsf(gradients[0][i] - gradients[1][i]) > 1e-5f * (1 + fabsf(gradients[0][i])))
          printf("%d threads: gradient %d is %g, not %g\n", threads, (int)i, gradients[1][i], gradients[0][i]);
      if (numbers > sizeof first / sizeof *first)
        return 1;
      if (threads == 1)
        memcpy(first, gradients[1], NET_PARAMETER_BYTES);
      else if (memcmp(first, gradients[1], NET_PARAMETER_BYTES))
        printf("%d threads: other bits\n", threads);
    }
  }
  return 0;
}
