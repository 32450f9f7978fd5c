/* Takes samples window by window and holds the numbers against those of the whole; makes mistakes. */
#include "follower.h"
#include "answers.h"
#include "lasting.h"
#include "listener.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { batch = 3, rows = 20, window = 4, windows = 4 };
static const int64_t steps[] = {0, 13, 13, 20}; /* samples of 13, 0 and 7 rows */

static float x[rows][3], bias[batch][3], d_y[rows][4], d_all[batch][2], d_z[rows][3];
static int32_t label[rows];

static void *room(size_t bytes) {
  void *memory = lasting(bytes);
  memset(memory, 0xff, bytes); /* NaN, where nothing is written */
  return memory;
}
static void fill(float *to, int count, int seed) {
  for (int i = 0; i < count; ++i)
    to[i] = (float)((i * 7919 + seed * 104729) % 1000) / 500.0f - 1.0f;
}
/* The largest difference, to the largest number of what is expected. */
static double distance(const float *a, const float *b, size_t count) {
  double most = 1e-9, difference = 0;
  for (size_t i = 0; i < count; ++i) {
    most = fmax(most, fabs(b[i]));
    difference = fmax(difference, fabs((double)a[i] - b[i]));
    if (!(a[i] == a[i]))
      return 1e9;
  }
  return difference / most;
}
static void same(const char *what, double difference) {
  if (difference < 3e-6)
    printf("%s the same\n", what);
  else
    printf("%s differ by %g\n", what, difference);
}

/* Rows of a window: those of each sample from w * window on. */
static int64_t cuts[batch + 1];
static uint8_t ends[batch];
static int64_t at(int sample, int w) {
  int64_t begin = steps[sample] + (int64_t)w * window;
  return begin < steps[sample + 1] ? begin : steps[sample + 1];
}
static void cut(int w) {
  cuts[0] = 0;
  for (int s = 0; s < batch; ++s) {
    cuts[s + 1] = cuts[s] + at(s, w + 1) - at(s, w);
    int64_t count = (steps[s + 1] - steps[s] + window - 1) / window;
    ends[s] = w == (count ? count - 1 : 0);
  }
}
static void take(float *to, const float *from, int size, int w) {
  for (int s = 0; s < batch; ++s)
    memcpy(to + cuts[s] * size, from + at(s, w) * size, (size_t)(cuts[s + 1] - cuts[s]) * size * sizeof(float));
}
static void put(float *to, const float *from, int size, int w) {
  for (int s = 0; s < batch; ++s)
    memcpy(to + at(s, w) * size, from + cuts[s] * size, (size_t)(cuts[s + 1] - cuts[s]) * size * sizeof(float));
}

static float *f_parameters;
static void *f_prepared;
static size_t f_state;

/* There, and, last window first, back. `flows`: what is remembered has gradients; `remembers`: there is a state. */
static void follow(int flows, int remembers, float *y, float *all, float *d_x, float *d_parameters) {
  void *states[windows + 1] = {NULL}, *d_states[windows + 1] = {NULL};
  for (int w = 1; w <= windows; ++w)
    states[w] = remembers ? room(f_state) : NULL, d_states[w] = flows ? room(f_state) : NULL;
  static float wx[rows][3], wy[rows][4], wall[batch][2], wd_y[rows][4], wd_all[batch][2], wd_z[rows][3], wd_x[rows][3];
  for (int step = 0; step < 2 * windows; ++step) {
    int w = step < windows ? step : 2 * windows - 1 - step, back = step >= windows;
    cut(w);
    take(wx[0], x[0], 3, w);
    take(wd_y[0], d_y[0], 4, w);
    take(wd_z[0], d_z[0], 3, w);
    for (int s = 0; s < batch; ++s)
      for (int i = 0; i < 2; ++i)
        wd_all[s][i] = ends[s] ? d_all[s][i] : 0;
    follower_inputs in = {.size = sizeof in, .batch = batch, .step_offsets = cuts, .x = wx[0], .bias = bias[0]};
    follower_outputs out = {.size = sizeof out, .y = wy[0], .y_rows = rows, .all = wall[0], .all_rows = batch};
    follower_gradients gradients = {.size = sizeof gradients, .accumulate = w + 1 < windows, .parameters = d_parameters,
                                    .d_y = wd_y[0], .d_all = wd_all[0], .d_z = wd_z[0], .d_x = wd_x[0]};
    follower_window_place place = {.size = sizeof place, .state = states[w], .sample_ends = ends,
                                   .next_state = back ? NULL : states[w + 1]};
    if (back && w + 1 < windows)
      place.d_next_state = d_states[w + 1];
    if (back && w)
      place.d_state = d_states[w];
    size_t bytes;
    must(follower_window_workspace_bytes(&in, back, &bytes, &error));
    void *workspace = room(bytes);
    must(follower_window(f_prepared, &in, &place, &out, back ? &gradients : NULL, workspace, bytes, NULL, &error));
    put(back ? d_x : y, back ? wd_x[0] : wy[0], back ? 3 : 4, w);
    for (int s = 0; s < batch; ++s)
      if (ends[s] && !back)
        memcpy(all + 2 * s, wall[s], sizeof wall[s]);
  }
}

static void followAll(void) {
  size_t count = FOLLOWER_PARAMETER_BYTES / 4;
  f_parameters = room(FOLLOWER_PARAMETER_BYTES);
  f_prepared = room(FOLLOWER_PREPARED_BYTES);
  must(follower_init(f_parameters, 7, &error));
  must(follower_prepare(f_parameters, f_prepared, &error));
  must(follower_window_state_bytes(batch, &f_state, &error));
  /* Whole: one window of all there is. */
  float y[rows][4], all[batch][2], d_x[rows][3], *d_parameters = room(FOLLOWER_PARAMETER_BYTES);
  uint8_t all_end[batch] = {1, 1, 1};
  follower_inputs in = {.size = sizeof in, .batch = batch, .step_offsets = steps, .x = x[0], .bias = bias[0]};
  follower_outputs out = {.size = sizeof out, .y = y[0], .y_rows = rows, .all = all[0], .all_rows = batch};
  follower_gradients gradients = {.size = sizeof gradients, .parameters = d_parameters, .d_y = d_y[0],
                                  .d_all = d_all[0], .d_z = d_z[0], .d_x = d_x[0]};
  follower_window_place place = {.size = sizeof place, .sample_ends = all_end};
  size_t bytes;
  must(follower_window_workspace_bytes(&in, 1, &bytes, &error));
  void *workspace = room(bytes);
  must(follower_window(f_prepared, &in, &place, &out, &gradients, workspace, bytes, NULL, &error));
  /* The library's own. */
  float y1[rows][4], all1[batch][2];
  follower_outputs out1 = {.size = sizeof out1, .y = y1[0], .y_rows = rows, .all = all1[0], .all_rows = batch};
  must(follower_workspace_bytes(&in, &bytes, &error));
  workspace = room(bytes);
  must(follower_forward(f_prepared, &in, &out1, workspace, bytes, NULL, &error));
  float y2[rows][4], all2[batch][2], d_x2[rows][3], *d_parameters2 = room(FOLLOWER_PARAMETER_BYTES);
  for (size_t i = 0; i < count; ++i)
    d_parameters[i] = d_parameters[i] == d_parameters[i] ? d_parameters[i] : 0; /* between them there is nothing */
  follow(1, 1, y2[0], all2[0], d_x2[0], d_parameters2);
  for (size_t i = 0; i < count; ++i)
    d_parameters2[i] = d_parameters2[i] == d_parameters2[i] ? d_parameters2[i] : 0;
  printf("windows: %s\n", memcmp(y, y1, sizeof y) || memcmp(y2, y1, sizeof y) ? "OTHER bits" : "the same bits");
  same("d_x of windows:", distance(d_x2[0], d_x[0], rows * 3) + distance(all2[0], all[0], batch * 2));
  same("parameters of windows:", distance(d_parameters2, d_parameters, count));
  follow(0, 1, y2[0], all2[0], d_x2[0], d_parameters2);
  printf("without what flows back they are %s\n", distance(d_x2[0], d_x[0], rows * 3) > 1e-3 ? "others" : "THE SAME");
  follow(0, 0, y2[0], all2[0], d_x2[0], d_parameters2);
  printf("without a state they are %s\n", distance(y2[0], y1[0], rows * 4) > 1e-3 ? "others" : "THE SAME");
}

static void *l_prepared;

static void listen(void) {
  size_t count = LISTENER_PARAMETER_BYTES / 4, bytes, most;
  float *parameters = room(LISTENER_PARAMETER_BYTES);
  l_prepared = room(LISTENER_PREPARED_BYTES);
  must(listener_init(parameters, 3, &error));
  must(listener_prepare(parameters, l_prepared, &error));
  float y[3][rows][4], last[3][batch][8], losses[3][3], d_x[3][rows][3], d_bias[3][batch][3], *d_parameters[3];
  int64_t ticks[3][3], y_ticks[rows], y_offsets[batch + 1];
  uint8_t all_end[batch] = {1, 1, 1};
  listener_inputs in = {.size = sizeof in, .batch = batch, .seed = 5, .step_offsets = steps, .x = x[0], .label = label,
                        .bias = bias[0]};
  listener_pool *pool = listener_pool_create(2);
  for (int i = 0; i < 3; ++i) { /* whole; with checkpoints; by two threads */
    d_parameters[i] = room(LISTENER_PARAMETER_BYTES);
    listener_outputs out = {.size = sizeof out, .y = y[i][0], .y_rows = rows, .last = last[i][0], .last_rows = batch,
                            .losses = losses[i], .loss_ticks = ticks[i], .y_ticks = y_ticks, .y_offsets = y_offsets};
    listener_gradients gradients = {.size = sizeof gradients, .parameters = d_parameters[i], .d_x = d_x[i][0],
                                    .d_bias = d_bias[i][0]};
    listener_window_place place = {.size = sizeof place, .sample_ends = all_end};
    if (i == 0)
      must(listener_window_workspace_bytes(&in, 1, &bytes, &error));
    else
      must(listener_backward_workspace_bytes(&in, &bytes, &error));
    void *workspace = room(bytes);
    if (i == 0)
      must(listener_window(l_prepared, &in, &place, &out, &gradients, workspace, bytes, NULL, &error));
    else
      must(listener_backward(l_prepared, &in, &out, &gradients, workspace, bytes, i == 2 ? pool : NULL, &error));
    if (out.y_rows != rows || out.last_rows != batch || y_ticks[13] != 0 || y_ticks[12] != 12 || y_offsets[2] != 13)
      printf("rows are told wrongly\n");
    for (size_t p = 0; p < count; ++p)
      d_parameters[i][p] = d_parameters[i][p] == d_parameters[i][p] ? d_parameters[i][p] : 0;
  }
  printf("checkpoints: outputs %s\n",
         memcmp(y[0], y[1], sizeof y[0]) || memcmp(last[0], last[1], sizeof last[0]) ? "OTHER bits" : "the same bits");
  same("checkpoints: losses", distance(losses[1], losses[0], 3) + !!memcmp(ticks[0], ticks[1], sizeof ticks[0]));
  same("checkpoints: parameters", distance(d_parameters[1], d_parameters[0], count));
  same("checkpoints: d_x", distance(d_x[1][0], d_x[0][0], rows * 3));
  same("checkpoints: d_bias", distance(d_bias[1][0], d_bias[0][0], batch * 3));
  int differ = memcmp(y[2], y[1], sizeof y[0]) || memcmp(d_x[2], d_x[1], sizeof d_x[0]) ||
               memcmp(d_parameters[2], d_parameters[1], LISTENER_PARAMETER_BYTES) ||
               memcmp(losses[2], losses[1], sizeof losses[0]);
  printf("checkpoints: two threads are %s\n", differ ? "OTHERS" : "one");
  listener_pool_destroy(pool);

  const int64_t many[] = {0, 20000, 40000, 60000};
  in.step_offsets = many;
  must(listener_window_workspace_bytes(&in, 1, &most, &error));
  must(listener_backward_workspace_bytes(&in, &bytes, &error));
  if (bytes * 5 < most)
    printf("checkpoints: memory does not grow with time\n");
  else
    printf("checkpoints: %zu bytes of %zu\n", bytes, most);
}

static void mistakes(void) {
  float y[rows][4];
  uint8_t all_end[batch] = {1, 1, 1};
  follower_inputs in = {.size = sizeof in, .batch = batch, .step_offsets = steps, .x = x[0], .bias = bias[0]};
  follower_outputs out = {.size = sizeof out, .y = y[0], .y_rows = rows};
  size_t bytes;
  must(follower_window_workspace_bytes(&in, 0, &bytes, &error));
  void *workspace = room(bytes), *state = room(f_state);
  follower_window_place place = {.size = 8};
#define TRY(what) fails(follower_window(f_prepared, &in, what, &out, NULL, workspace, bytes, NULL, &error))
  TRY(NULL);
  TRY(&place);
  place.size = sizeof place;
  place.state = state;
  TRY(&place);
  place.next_state = state;
  TRY(&place);
  place.state = NULL;
  all_end[0] = 2;
  place.sample_ends = all_end;
  TRY(&place);
  all_end[0] = 1;
  place.next_state = (char *)state + 4;
  TRY(&place);
  listener_inputs in2 = {.size = sizeof in2, .batch = batch, .step_offsets = steps, .x = x[0], .label = label,
                         .bias = bias[0]};
  listener_outputs out2 = {.size = sizeof out2};
  listener_window_place place2 = {.size = sizeof place2};
  must(listener_window_workspace_bytes(&in2, 0, &bytes, &error));
  workspace = room(bytes);
  fails(listener_window(l_prepared, &in2, &place2, &out2, NULL, workspace, bytes, NULL, &error));
  fails(listener_window_workspace_bytes(&in2, 2, &bytes, &error));
  listener_gradients none = {.size = sizeof none};
  fails(listener_backward(l_prepared, &in2, &out2, &none, workspace, 64, NULL, &error));
}

int main(void) {
  fill(x[0], rows * 3, 1);
  fill(bias[0], batch * 3, 2);
  fill(d_y[0], rows * 4, 3);
  fill(d_all[0], batch * 2, 4);
  fill(d_z[0], rows * 3, 5);
  for (int i = 0; i < rows; ++i)
    label[i] = i * i % 4;
  followAll();
  listen();
  mistakes();
  return 0;
}
