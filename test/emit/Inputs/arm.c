/* Runs the model of aarch64.rondo on one sample: reads rows of x, prints rows of y and p. */
#include "arm.h"
#include "lasting.h"
#include <stdio.h>
#include <string.h>

enum { most = 64 };

int main(void) {
  static float x[most][5], again[most][5], y[most][2], p[most][20];
  int64_t offsets[2] = {0, 0};
  float *parameters = lasting(ARM_PARAMETER_BYTES);
  void *prepared = lasting(ARM_PREPARED_BYTES), *workspace;
  size_t bytes;
  arm_inputs in;
  arm_outputs out;
  rondo_error error;
  int i, row = 0;
  while (row < most && scanf("%f %f %f %f %f", &x[row][0], &x[row][1], &x[row][2], &x[row][3], &x[row][4]) == 5)
    ++row;
  offsets[1] = row;
  memset(&in, 0, sizeof in);
  memset(&out, 0, sizeof out);
  in.size = sizeof in, in.batch = 1, in.step_offsets = offsets, in.x = x[0];
  out.size = sizeof out;
  out.again = again[0], out.again_rows = most;
  out.y = y[0], out.y_rows = most;
  out.p = p[0], out.p_rows = most;
  if (arm_init(parameters, 0, &error) || arm_prepare(parameters, prepared, &error) ||
      arm_workspace_bytes(&in, &bytes, &error) || !(workspace = lasting(bytes)) ||
      arm_forward(prepared, &in, &out, workspace, bytes, NULL, &error)) {
    fprintf(stderr, "error %d: %s\n", (int)error.code, error.message);
    return 1;
  }
  for (row = 0; row < out.y_rows; ++row) {
    for (i = 0; i < 2; ++i)
      printf("%.9g ", y[row][i]);
    for (i = 0; i < 20; ++i)
      printf("%.9g ", p[row][i]);
    puts("");
  }
  return 0;
}
