/* Steps the library of step.rondo, and runs it whole. */
#include "lasting.h"
#include "meter.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { Batch = 5, Length = 7, Rows = Batch * Length };

/* What one step gives to all sequences. */
typedef struct {
  float h[Batch][20], top[Batch][7], slow[Batch][4], held[Batch][4], since[Batch], peaks[Batch][5], total[Batch];
  int64_t number[Batch];
  uint8_t slow_ticks[Batch], since_ticks[Batch], peaks_ticks[Batch], top_ticks[Batch];
} results;

static float x[Rows][3]; /* sequence after sequence */
static int32_t kinds[Rows];
static const void *prepared;

static float largest; /* difference between steps and whole */

static void compare(const float *a, const float *b, int count) {
  int i;
  for (i = 0; i < count; ++i)
    if (!(fabsf(a[i] - b[i]) <= largest))
      largest = fabsf(a[i] - b[i]);
}

/* Step `at` of sequences first .. first + count - 1. */
static int32_t step(void *state, int first, int count, int at, results *to, rondo_error *error) {
  float now[Batch][3];
  int32_t kind[Batch];
  meter_step_inputs in;
  meter_step_outputs out;
  int i;
  for (i = 0; i < count; ++i) {
    memcpy(now[i], x[(first + i) * Length + at], sizeof now[i]);
    kind[i] = kinds[(first + i) * Length + at];
  }
  memset(&in, 0, sizeof in);
  in.size = sizeof in, in.x = now[0], in.kind = kind;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
  if (to) {
    out.h = to->h[0], out.top = to->top[0], out.slow = to->slow[0], out.held = to->held[0];
    out.number = to->number, out.since = to->since, out.peaks = to->peaks[0], out.total = to->total;
    out.slow_ticks = to->slow_ticks, out.since_ticks = to->since_ticks, out.peaks_ticks = to->peaks_ticks;
    out.top_ticks = to->top_ticks;
  }
  return meter_step(prepared, state, &in, &out, error);
}

static void report(int32_t code, const rondo_error *error) {
  static const char *const names[] = {"fine",      "ARGUMENT",  "STRUCTURE", "VALUE",  "CAPACITY",
                                      "WORKSPACE", "TOO_LARGE", "LIBRARY",   "MEMORY", "MACHINE"};
  if (code != error->code)
    printf("the codes differ: ");
  printf("%s%s%s\n", names[code], code ? ": " : "", error->message);
}

static int isTrue(int condition, const char *what) {
  if (!condition)
    printf("wrong: %s\n", what);
  return condition;
}

int main(void) {
  static float h[Rows][20], top[Rows][7], slow[Rows][4], held[Rows][4], since[Rows], peaks[Rows][5], total[Rows];
  static int64_t number[Rows], slow_offsets[Batch + 1], since_offsets[Batch + 1], peaks_offsets[Batch + 1];
  int64_t offsets[Batch + 1];
  int slowAt[Batch] = {0}, sinceAt[Batch] = {0}, peaksAt[Batch] = {0}, i, k, isRight = 1;
  float *parameters = lasting(meter_parameter_bytes());
  void *made = lasting(meter_prepared_bytes()), *workspace, *state, *other, *alone;
  size_t bytes, copied;
  rondo_error error;
  meter_inputs in;
  meter_outputs out;
  static results now, again;
  char slowTicks[2 * Length + 1] = "";

  for (i = 0; i < Rows; ++i) {
    for (k = 0; k < 3; ++k)
      x[i][k] = sinf((float)(7 * i + 3 * k)) * 1.5f;
    kinds[i] = i % 5;
  }
  for (i = 0; i <= Batch; ++i)
    offsets[i] = i * Length;
  meter_init(parameters, 3, NULL);
  if (meter_prepare(parameters, made, &error))
    return report(error.code, &error), 1;
  prepared = made;

  memset(&in, 0, sizeof in);
  in.size = sizeof in, in.batch = Batch, in.step_offsets = offsets, in.x = x[0], in.kind = kinds;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
  out.h = h[0], out.top = top[0], out.slow = slow[0], out.held = held[0], out.since = since, out.peaks = peaks[0];
  out.total = total, out.number = number;
  out.h_rows = out.top_rows = out.slow_rows = out.held_rows = out.since_rows = out.peaks_rows = Rows;
  out.total_rows = out.number_rows = Rows;
  out.slow_offsets = slow_offsets, out.since_offsets = since_offsets, out.peaks_offsets = peaks_offsets;
  if (meter_workspace_bytes(&in, &bytes, &error))
    return report(error.code, &error), 1;
  workspace = lasting(bytes);
  if (meter_forward(prepared, &in, &out, workspace, bytes, NULL, &error))
    return report(error.code, &error), 1;

  if (meter_state_bytes(Batch, &bytes, &error))
    return report(error.code, &error), 1;
  state = lasting(bytes);
  other = lasting(bytes);
  alone = lasting(bytes);
  if (meter_state_init(prepared, state, bytes, Batch, &error))
    return report(error.code, &error), 1;
  for (k = 0; k < Length; ++k) {
    if (step(state, 0, Batch, k, &now, &error))
      return report(error.code, &error), 1;
    for (i = 0; i < Batch; ++i) {
      int row = i * Length + k;
      compare(h[row], now.h[i], 20);
      compare(top[row], now.top[i], 7);
      compare(held[row], now.held[i], 4);
      compare(&total[row], &now.total[i], 1);
      isRight &= isTrue(number[row] == now.number[i], "number") && isTrue(now.top_ticks[i] == 1, "ticks of top");
      if (now.slow_ticks[i])
        compare(slow[slow_offsets[i] + slowAt[i]++], now.slow[i], 4);
      if (now.since_ticks[i])
        compare(&since[since_offsets[i] + sinceAt[i]++], &now.since[i], 1);
      if (now.peaks_ticks[i])
        compare(peaks[peaks_offsets[i] + peaksAt[i]++], now.peaks[i], 5);
    }
    slowTicks[2 * k] = ' ';
    slowTicks[2 * k + 1] = (char)('0' + now.slow_ticks[2]);
  }
  for (i = 0; i < Batch; ++i)
    isRight &= isTrue(slowAt[i] == slow_offsets[i + 1] - slow_offsets[i], "number of slow ticks") &&
               isTrue(sinceAt[i] == since_offsets[i + 1] - since_offsets[i], "number of sums") &&
               isTrue(peaksAt[i] == peaks_offsets[i + 1] - peaks_offsets[i], "number of peaks");
  if (isRight && largest <= 1e-5f)
    printf("forward and steps agree\n");
  else
    printf("forward and steps differ by %g\n", largest);
  printf("slow ticks:%s\n", slowTicks);

  /* Three steps; then the state's bytes go on elsewhere. */
  meter_state_init(prepared, state, bytes, Batch, &error);
  for (k = 0; k < 3; ++k)
    step(state, 0, Batch, k, NULL, &error);
  memcpy(other, state, bytes);
  isRight = 1;
  for (k = 3; k < Length; ++k) {
    memset(&now, 0, sizeof now);
    memset(&again, 0, sizeof again);
    step(state, 0, Batch, k, &now, &error);
    step(other, 0, Batch, k, &again, &error);
    isRight &= memcmp(&now, &again, sizeof now) == 0 && memcmp(state, other, bytes) == 0;
  }
  printf(isRight ? "a copied state goes on alike\n" : "a copied state goes on otherwise\n");

  /* One sequence by itself has the same bits. */
  meter_state_bytes(1, &copied, &error);
  meter_state_init(prepared, alone, copied, 1, &error);
  meter_state_init(prepared, state, bytes, Batch, &error);
  isRight = copied < bytes;
  for (k = 0; k < Length; ++k) {
    step(state, 0, Batch, k, &now, &error);
    step(alone, 2, 1, k, &again, &error);
    isRight &= memcmp(now.h[2], again.h[0], sizeof now.h[2]) == 0 && now.total[2] == again.total[0] &&
               memcmp(now.held[2], again.held[0], sizeof now.held[2]) == 0;
  }
  printf(isRight ? "a sequence alone is the same\n" : "a sequence alone is another\n");
  printf("nothing wanted: ");
  report(step(state, 0, Batch, 0, NULL, &error), &error);

  memset(other, 1, bytes);
  report(step(other, 0, Batch, 0, NULL, &error), &error);
  report(step((char *)state + 8, 0, Batch, 0, NULL, &error), &error);
  {
    meter_step_inputs wrong;
    meter_step_outputs none;
    int32_t kind[Batch] = {0, 7};
    memset(&wrong, 0, sizeof wrong);
    memset(&none, 0, sizeof none);
    wrong.size = sizeof wrong, wrong.kind = kind, none.size = sizeof none;
    report(meter_step(prepared, state, &wrong, &none, &error), &error);
    wrong.size = 3;
    report(meter_step(prepared, state, &wrong, &none, &error), &error);
    wrong.size = sizeof wrong, wrong.x = x[0];
    report(meter_step(prepared, state, &wrong, &none, &error), &error);
  }
  report(meter_state_init(prepared, state, bytes - 64, Batch, &error), &error);
  report(meter_state_bytes(-1, &bytes, &error), &error);
  report(meter_state_init(parameters, state, bytes, Batch, &error), &error);
  return 0;
}
