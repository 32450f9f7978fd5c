/* Optimisers of points, by formulas in double that are written down here a second time. */
#include "points.h"
#include "answers.h"
#include "lasting.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLOATS = POINTS_PARAMETER_BYTES / 4 };
static float *parameters, *gradients, *state, *other;
static double p[FLOATS], m[FLOATS], s[FLOATS];
static void *prepared;

static points_update updateOf(int64_t step, float *to) {
  points_update update = {0};
  update.size = sizeof update, update.step = step, update.gradients = gradients, update.parameters = to;
  return update;
}
static void begin(void) {
  must(points_init(parameters, 3, &error));
  memcpy(other, parameters, POINTS_PARAMETER_BYTES);
  memset(state, 0, 2 * POINTS_PARAMETER_BYTES);
  for (int i = 0; i < FLOATS; ++i)
    p[i] = parameters[i], m[i] = s[i] = 0;
}
static void makeGradients(int64_t step) {
  for (int i = 0; i < FLOATS; ++i)
    gradients[i] = (float)sin((double)(i + 1) * (double)step) / 4;
}
static int isNear(void) {
  for (int i = 0; i < FLOATS; ++i)
    if (other[i] != 0 && fabs(parameters[i] - p[i]) > 1e-5) /* gaps between parameters are 0, and stay so */
      return 0;
  return 1;
}
/* How the caller's buffers lie: floats of "y.W", the last but one parameter. */
static int isAt(int i, int begin, int count) { return i >= begin && i < begin + count; }

int main(void) {
  parameters = lasting(POINTS_PARAMETER_BYTES), gradients = lasting(POINTS_PARAMETER_BYTES);
  other = lasting(POINTS_PARAMETER_BYTES), state = lasting(2 * POINTS_PARAMETER_BYTES);
  prepared = lasting(POINTS_PREPARED_BYTES);
  begin();
  must(points_prepare(parameters, prepared, &error));

  points_optimiser how = POINTS_OPTIMISER_DEFAULTS;
  int64_t kinds[] = {POINTS_SGD, POINTS_SGD, POINTS_ADAM, POINTS_RMSPROP, POINTS_RMSPROP, POINTS_ADAMW};
  double momenta[] = {0, 0.5, 0, 0, 0.5, 0};
  size_t bytes = 1;
  for (int i = 0; i < 6; ++i) {
    how.kind = kinds[i], how.momentum = momenta[i];
    must(points_optimiser_bytes(&how, &bytes, &error));
    printf("%d ", (int)(bytes / POINTS_PARAMETER_BYTES));
  }
  printf("buffers\n");

  how.decay = 0.1, how.momentum = 0, how.rate = 0.01;
  for (int64_t step = 1; step <= 20; ++step) {
    makeGradients(step);
    points_update update = updateOf(step, parameters);
    must(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
    for (int i = 0; i < FLOATS; ++i) {
      double g = gradients[i];
      m[i] = 0.9 * m[i] + 0.1 * g, s[i] = 0.999 * s[i] + 0.001 * g * g;
      double mean = m[i] / (1 - pow(0.9, (double)step)), squares = s[i] / (1 - pow(0.999, (double)step));
      p[i] -= 0.01 * 0.1 * p[i] + 0.01 * mean / (sqrt(squares) + 1e-8);
    }
  }
  say(isNear(), "adamw is its formula");

  begin();
  points_optimiser nesterov = POINTS_OPTIMISER_DEFAULTS;
  nesterov.kind = POINTS_SGD, nesterov.nesterov = 1, nesterov.momentum = 0.9, nesterov.rate = 0.05;
  nesterov.schedule = POINTS_STEP, nesterov.every = 2, nesterov.factor = 0.5, nesterov.clip_value = 0.125;
  for (int64_t step = 1; step <= 6; ++step) {
    makeGradients(step);
    points_update update = updateOf(step, parameters);
    must(points_optimise(prepared, &nesterov, &update, state, POINTS_PARAMETER_BYTES, NULL, &error));
    double rate = 0.05 * pow(0.5, (double)((step - 1) / 2));
    for (int i = 0; i < FLOATS; ++i) {
      double g = fmax(-0.125, fmin(0.125, gradients[i]));
      m[i] = 0.9 * m[i] + g;
      p[i] -= rate * (g + 0.9 * m[i]);
    }
    if (update.rate != rate)
      printf("rate %g, not %g\n", update.rate, rate);
  }
  say(isNear(), "nesterov is its formula");

  begin();
  uint8_t marks[POINTS_PARAMETERS];
  memset(marks, 0, sizeof marks);
  must(points_group("y.W", 1, marks, &error));
  points_update update = updateOf(1, parameters);
  update.trained = marks;
  must(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  int moved = 0, begins = -1;
  for (int i = 0; i < FLOATS; ++i)
    if (parameters[i] != other[i])
      begins = begins < 0 ? i : begins, ++moved;
  int outside = 0;
  for (int i = 0; i < FLOATS; ++i)
    outside += parameters[i] != other[i] && !isAt(i, begins, 40);
  say(moved == 40 && !outside, "a group moves, and nothing else");

  begin();
  points_pool *pool = points_pool_create(2);
  makeGradients(1);
  update = updateOf(1, parameters);
  must(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  memset(state, 0, 2 * POINTS_PARAMETER_BYTES);
  points_update second = updateOf(1, other);
  must(points_optimise(prepared, &how, &second, state, bytes, pool, &error));
  points_pool_destroy(pool);
  say(!memcmp(parameters, other, POINTS_PARAMETER_BYTES) && update.norm == second.norm, "two threads are one");

  begin();
  update = updateOf(1, parameters);
  points_optimiser bad = how;
  fails(points_optimise(state, &how, &update, state, bytes, NULL, &error));
  fails(points_optimise(prepared, NULL, &update, state, bytes, NULL, &error));
  bad.size = 8;
  fails(points_optimise(prepared, &bad, &update, state, bytes, NULL, &error));
  bad = how, bad.beta1 = 1;
  fails(points_optimise(prepared, &bad, &update, state, bytes, NULL, &error));
  fails(points_optimise(prepared, &how, NULL, state, bytes, NULL, &error));
  update.step = 0;
  fails(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  update = updateOf(1, parameters + 1);
  fails(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  update = updateOf(1, parameters), update.gradients = NULL;
  fails(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  update = updateOf(1, parameters);
  fails(points_optimise(prepared, &how, &update, NULL, bytes, NULL, &error));
  fails(points_optimise(prepared, &how, &update, state, 64, NULL, &error));
  gradients[begins + 7] = (float)NAN;
  fails(points_optimise(prepared, &how, &update, state, bytes, NULL, &error));
  say(!memcmp(parameters, other, POINTS_PARAMETER_BYTES), "nothing has moved");
  fails(points_group("z", 1, marks, &error));
  fails(points_group("y", 1, NULL, &error));
  fails(points_optimiser_bytes(&how, NULL, &error));
  return 0;
}
