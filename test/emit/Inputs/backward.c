/* Gradients of tagger. Four samples: of sentences of 2 and 0 words, of none, of 1 word, of 3 words. */
#include "tagger.h"
#include "answers.h"
#include "lasting.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 4, SENTENCES = 4, WORDS = 6, FLOATS = TAGGER_PARAMETER_BYTES / 4 };
static int64_t sentences[] = {0, 2, 2, 3, 4}, words[] = {0, 2, 2, 3, 6};
static float x[WORDS][2], weight[SENTENCES], d_y[WORDS][3], y[WORDS][3], d_x[WORDS][2], d_weight[SENTENCES];
static float *parameters, *first, *second;
static void *prepared, *workspace;
static size_t bytes;

static tagger_inputs inputs(void) {
  tagger_inputs in = {0};
  in.size = sizeof in, in.batch = SAMPLES, in.sentence_offsets = sentences, in.word_offsets = words;
  in.x = x[0], in.weight = weight;
  return in;
}
static tagger_gradients gradients(float *of_parameters) {
  tagger_gradients g = {0};
  g.size = sizeof g, g.parameters = of_parameters, g.d_y = d_y[0], g.d_x = d_x[0], g.d_weight = d_weight;
  return g;
}

/* The sum of all outputs, each as much as it matters. */
static double value(void) {
  tagger_inputs in = inputs();
  tagger_outputs out = {0};
  out.size = sizeof out, out.y = y[0], out.y_rows = WORDS;
  must(tagger_prepare(parameters, prepared, &error));
  must(tagger_forward(prepared, &in, &out, workspace, bytes, NULL, &error));
  double sum = 0;
  for (int i = 0; i < WORDS * 3; ++i)
    sum += (double)y[i / 3][i % 3] * d_y[i / 3][i % 3];
  return sum;
}
static int isNear(float *at, float gradient) {
  float old = *at, step = 1e-2f;
  *at = old + step;
  double above = value();
  *at = old - step;
  double below = value();
  *at = old;
  return fabs((above - below) / (2 * step) - gradient) < 2e-3 * (1 + fabs(gradient));
}

int main(int count, char **arguments) {
  (void)arguments;
  for (int i = 0; i < WORDS * 2; ++i)
    x[i / 2][i % 2] = (float)sin(i + 1);
  for (int i = 0; i < SENTENCES; ++i)
    weight[i] = 1 + (float)i / 2;
  for (int i = 0; i < WORDS * 3; ++i)
    d_y[i / 3][i % 3] = (float)cos(2 * i);
  parameters = lasting(TAGGER_PARAMETER_BYTES), prepared = lasting(TAGGER_PREPARED_BYTES);
  first = lasting(TAGGER_PARAMETER_BYTES), second = lasting(TAGGER_PARAMETER_BYTES);
  memset(first, 0, TAGGER_PARAMETER_BYTES), memset(second, 0, TAGGER_PARAMETER_BYTES);
  must(tagger_init(parameters, 3, &error));
  must(tagger_prepare(parameters, prepared, &error));
  tagger_inputs in = inputs();
  tagger_outputs out = {0}, none = {0};
  none.size = out.size = sizeof out, out.y = y[0], out.y_rows = WORDS;
  tagger_gradients g = gradients(first);
  must(tagger_backward_workspace_bytes(&in, &bytes, &error));
  workspace = lasting(bytes);
  if (count == 1) /* with an argument what nobody writes is left to those who watch */
    memset(workspace, 0xff, bytes);
  must(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  float seen[WORDS][3], rows[WORDS][2], weights[SENTENCES];
  memcpy(seen, y, sizeof y), memcpy(rows, d_x, sizeof rows), memcpy(weights, d_weight, sizeof weights);
  value();
  int same = 1, near = 1;
  for (int i = 0; i < WORDS * 3; ++i)
    same &= fabs(seen[i / 3][i % 3] - y[i / 3][i % 3]) < 1e-6;
  say(same && out.y_rows == WORDS, "outputs are those of forward");
  for (int i = 0; i < WORDS * 2; ++i)
    near &= isNear(&x[i / 2][i % 2], rows[i / 2][i % 2]);
  for (int i = 0; i < SENTENCES; ++i)
    near &= isNear(&weight[i], weights[i]);
  for (int i = 0; i < FLOATS; ++i) /* also what lies between parameters, where nothing changes */
    near &= isNear(&parameters[i], first[i]);
  must(tagger_prepare(parameters, prepared, &error));
  say(near, "gradients are differences");

  tagger_pool *pool = tagger_pool_create(2);
  g = gradients(second);
  must(tagger_backward(prepared, &in, &none, &g, workspace, bytes, pool, &error));
  say(!memcmp(first, second, TAGGER_PARAMETER_BYTES) && !memcmp(rows, d_x, sizeof rows) &&
          !memcmp(weights, d_weight, sizeof weights),
      "two threads are one");
  tagger_pool_destroy(pool);

  g.accumulate = 1;
  must(tagger_backward(prepared, &in, &none, &g, workspace, bytes, NULL, &error));
  same = !memcmp(rows, d_x, sizeof rows);
  for (int i = 0; i < FLOATS; ++i)
    same &= second[i] == 2 * first[i];
  say(same, "added: twice as much");

  tagger_gradients nothing = {0};
  nothing.size = sizeof nothing, nothing.d_y = d_y[0];
  must(tagger_backward(prepared, &in, &none, &nothing, workspace, bytes, NULL, &error));
  nothing.d_x = d_x[0];
  memset(d_x, 0, sizeof d_x);
  must(tagger_backward(prepared, &in, &none, &nothing, workspace, bytes, NULL, &error));
  say(!memcmp(rows, d_x, sizeof rows), "what is not wanted is left out");

  g = gradients(second), g.d_y = NULL;
  must(tagger_backward(prepared, &in, &none, &g, workspace, bytes, NULL, &error));
  same = 1;
  for (int i = 0; i < FLOATS; ++i)
    same &= second[i] == 0;
  for (int i = 0; i < WORDS * 2; ++i)
    same &= d_x[i / 2][i % 2] == 0;
  say(same, "what is not given is zero");
  say(weights[1] == 0 && weights[0] != 0 && weights[2] != 0, "rows of empty sentences are zero");

  tagger_inputs empty = inputs();
  empty.batch = 0, empty.x = NULL, empty.weight = NULL;
  size_t least;
  must(tagger_backward_workspace_bytes(&empty, &least, &error));
  memset(second, 1, TAGGER_PARAMETER_BYTES);
  g = gradients(second), g.d_y = NULL, g.d_x = NULL;
  must(tagger_backward(prepared, &empty, &none, &g, workspace, bytes, NULL, &error));
  same = least <= bytes;
  for (int i = 0; i < 9 * 2; ++i) /* of the first parameter, behind which others may not begin at once */
    same &= second[i] == 0;
  say(same, "an empty batch has zeros");

  g = gradients(second);
  fails(tagger_backward(prepared, NULL, &out, &g, workspace, bytes, NULL, &error));
  tagger_inputs wrong = inputs();
  wrong.size = 8;
  fails(tagger_backward(prepared, &wrong, &out, &g, workspace, bytes, NULL, &error));
  fails(tagger_backward(prepared, &in, NULL, &g, workspace, bytes, NULL, &error));
  fails(tagger_backward(prepared, &in, &out, NULL, workspace, bytes, NULL, &error));
  g.size = 40;
  fails(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  g = gradients(second), g.accumulate = 2;
  fails(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  g = gradients(second + 1);
  fails(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  g = gradients(second), g.d_y = (const float *)((const char *)d_y + 1);
  fails(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  g = gradients(second), g.d_weight = (float *)((char *)d_weight + 2);
  fails(tagger_backward(prepared, &in, &out, &g, workspace, bytes, NULL, &error));
  g = gradients(second);
  int64_t shifted[] = {1, 2, 2, 3, 6};
  wrong = inputs(), wrong.word_offsets = shifted;
  fails(tagger_backward(prepared, &wrong, &out, &g, workspace, bytes, NULL, &error));
  wrong = inputs(), wrong.x = NULL;
  fails(tagger_backward(prepared, &wrong, &out, &g, workspace, bytes, NULL, &error));
  fails(tagger_backward(prepared, &in, &out, &g, workspace, 64, NULL, &error));
  fails(tagger_backward(workspace, &in, &out, &g, workspace, bytes, NULL, &error));
  fails(tagger_backward_workspace_bytes(&in, NULL, &error));
  return 0;
}
