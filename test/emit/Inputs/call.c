/* Calls the library of call.rondo. */
#include "counter.h"
#include "lasting.h"
#include <stdio.h>
#include <string.h>

static const int64_t offsets[] = {0, 5, 5, 7};
static const float x[] = {1, 2, 3, 4, 5, 7, 8};
static const int32_t kinds[] = {0, 3, 1};
static float sum[7], half[7], total[3], losses[COUNTER_LOSSES];
static int64_t big[7], sum_offsets[4], half_offsets[4], big_offsets[4], total_offsets[4], big_ticks[7];

static counter_inputs inputs(void) {
  counter_inputs in;
  memset(&in, 0, sizeof in);
  in.size = sizeof in;
  in.batch = 3;
  in.step_offsets = offsets;
  in.x = x;
  in.kind = kinds;
  return in;
}

static counter_outputs outputs(void) {
  counter_outputs out;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
  out.so_far = sum, out.so_far_rows = 7, out.so_far_offsets = sum_offsets;
  out.half = half, out.half_rows = 7, out.half_offsets = half_offsets;
  out.big = big, out.big_rows = 7, out.big_offsets = big_offsets, out.big_ticks = big_ticks;
  out.total = total, out.total_rows = 3, out.total_offsets = total_offsets;
  out.losses = losses;
  return out;
}

static void print(const char *name, const float *reals, const int64_t *ints, const int64_t *from) {
  int sample, row;
  printf("%s:", name);
  for (sample = 0; sample < 3; ++sample) {
    for (row = (int)from[sample]; row < from[sample + 1]; ++row)
      reals ? printf(" %f", reals[row]) : printf(" %d", (int)ints[row]);
    printf(sample < 2 ? " |" : "\n");
  }
}

static void report(int32_t code, const rondo_error *error) {
  static const char *const names[] = {"fine",     "ARGUMENT",  "STRUCTURE", "VALUE",  "CAPACITY",
                                      "WORKSPACE", "TOO_LARGE", "LIBRARY",   "MEMORY", "MACHINE"};
  if (code != error->code)
    printf("the codes differ: ");
  printf("%s: %s\n", names[code], error->message);
}

int main(void) {
  float *parameters = lasting(counter_parameter_bytes());
  void *prepared = lasting(counter_prepared_bytes()), *workspace;
  size_t bytes = 0;
  counter_inputs in = inputs();
  counter_outputs out = outputs();
  counter_pool *pool = counter_pool_create(2);
  rondo_error error;
  float before[7];
  int64_t wrong[] = {0, 5, 4, 7};
  int32_t wrong_kinds[] = {0, 4, 0};

  if (counter_abi_version() != COUNTER_ABI_VERSION || counter_parameter_bytes() != COUNTER_PARAMETER_BYTES ||
      counter_prepared_bytes() != COUNTER_PREPARED_BYTES || !pool)
    return 1;
  if (counter_init(parameters, 7, &error) || counter_prepare(parameters, prepared, &error) ||
      counter_workspace_bytes(&in, &bytes, &error))
    return 2;
  printf("parameters %f %f\n", parameters[0], parameters[1]);
  workspace = lasting(bytes);
  if (counter_forward(prepared, &in, &out, workspace, bytes, NULL, &error))
    return report(error.code, &error), 3;
  print("sum", sum, NULL, sum_offsets);
  print("every second", half, NULL, half_offsets);
  print("large", NULL, big, big_offsets);
  print("when", NULL, big_ticks, big_offsets);
  print("total", total, NULL, total_offsets);
  printf("loss %f\n", losses[0]);

  memcpy(before, sum, sizeof sum);
  out = outputs();
  if (counter_forward(prepared, &in, &out, workspace, bytes, pool, NULL))
    return 4;
  puts(memcmp(before, sum, sizeof sum) ? "not the same" : "same");
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
  out.losses = losses;
  losses[0] = 0;
  if (counter_forward(prepared, &in, &out, workspace, bytes, pool, NULL))
    return 5;
  printf("losses alone %f\n", losses[0]);
  in.batch = 0;
  out = outputs();
  if (counter_forward(prepared, &in, &out, workspace, bytes, pool, NULL))
    return 6;
  printf("nothing at all: %d rows\n", (int)out.so_far_rows);

  in = inputs();
  out = outputs();
  report(counter_forward(NULL, &in, &out, workspace, bytes, NULL, &error), &error);
  report(counter_prepare(parameters + 1, prepared, &error), &error);
  report(counter_forward(parameters, &in, &out, workspace, bytes, NULL, &error), &error);
  in.size -= 8;
  report(counter_workspace_bytes(&in, &bytes, &error), &error); /* which leaves bytes as they were */
  in = inputs();
  in.x = NULL;
  report(counter_forward(prepared, &in, &out, workspace, bytes, NULL, &error), &error);
  in = inputs();
  in.step_offsets = wrong;
  report(counter_workspace_bytes(&in, &bytes, &error), &error);
  in = inputs();
  in.kind = wrong_kinds;
  report(counter_forward(prepared, &in, &out, workspace, bytes, NULL, &error), &error);
  in = inputs();
  out = outputs();
  out.so_far_rows = 6;
  report(counter_forward(prepared, &in, &out, workspace, bytes, NULL, &error), &error);
  printf("needs %d\n", (int)out.so_far_rows);
  out = outputs();
  report(counter_forward(prepared, &in, &out, workspace, bytes - 1, NULL, &error), &error);
  out = outputs();
  counter_pool_destroy(pool);
  puts(counter_forward(prepared, &in, &out, workspace, bytes, NULL, &error) ? "not fine" : "fine");
  return 0;
}
