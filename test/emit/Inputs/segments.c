/* Steps the library of segments.rondo, and runs it whole. */
#include "lasting.h"
#include "talk.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { Batch = 3, Samples = 4, Words = 20, Sentences = 10, Sections = 7 };

/* Four samples, the last of which takes the place of the second when it has ended. Some groups are empty. */
static const int64_t sections[Samples + 1] = {0, 2, 5, 6, 7};
static const int64_t sentences[Sections + 1] = {0, 3, 4, 4, 5, 7, 8, 10};
static const int64_t words[Sentences + 1] = {0, 2, 2, 5, 6, 10, 12, 14, 15, 18, 20};

static float x[Words][3], voice[Samples][2], label[Samples];
static int32_t tone[Sentences];
static const void *prepared;

/* Outputs in order of the header, so many floats a row. */
enum { H, S, Loud, Held, Number, Noisy, Chance, Who, Outputs };
static const int sizes[Outputs] = {6, 4, 1, 4, 1, 3, 4, 4};

typedef struct {
  float rows[Outputs][Words * 6];
  int64_t offsets[Outputs][Samples + 1];
} whole_results;
typedef struct {
  float rows[Outputs][Batch * 6];
  uint8_t ticks[Outputs][Batch];
} results;

static void report(int32_t code, const rondo_error *error) {
  static const char *const names[] = {"fine",      "ARGUMENT",  "STRUCTURE", "VALUE",  "CAPACITY",
                                      "WORKSPACE", "TOO_LARGE", "LIBRARY",   "MEMORY", "MACHINE"};
  if (code != error->code)
    printf("the codes differ: ");
  printf("%s%s%s\n", names[code], code ? ": " : "", error->message);
}

static int runWhole(whole_results *to) {
  talk_inputs in;
  talk_outputs out;
  rondo_error error;
  size_t bytes;
  void *workspace;
  memset(&in, 0, sizeof in);
  in.size = sizeof in, in.batch = Samples, in.seed = 77;
  in.section_offsets = sections, in.sentence_offsets = sentences, in.word_offsets = words;
  in.x = x[0], in.tone = tone, in.voice = voice[0], in.label = label;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
#define TAKE(name, number)                                                                                             \
  out.name = to->rows[number], out.name##_rows = Words, out.name##_offsets = to->offsets[number]
  TAKE(h, H), TAKE(s, S), TAKE(loud, Loud), TAKE(held, Held), TAKE(number, Number), TAKE(noisy, Noisy);
  TAKE(chance, Chance), TAKE(who, Who);
  if (talk_workspace_bytes(&in, &bytes, &error))
    return report(error.code, &error), 0;
  workspace = lasting(bytes);
  if (talk_forward(prepared, &in, &out, workspace, bytes, NULL, &error))
    return report(error.code, &error), 0;
  return 1;
}

/* Where each sequence stands. */
typedef struct {
  int64_t sample[Batch], word[Batch]; /* a row of words in the batch */
} places;

static int64_t firstWord(int64_t sample) { return words[sentences[sections[sample]]]; }

/* The group whose last row this is; -1: of none. */
static int64_t groupAt(const int64_t *ends, int64_t count, int64_t word) {
  int64_t i;
  for (i = 0; i < count; ++i)
    if (ends[i + 1] == word + 1 && ends[i] <= word)
      return i;
  return -1;
}

/* What is not looked at is nonsense. */
typedef struct {
  float x[Batch][3], voice[Batch][2];
  int32_t tone[Batch];
  uint8_t active[Batch], sentence[Batch], section[Batch], sample[Batch];
} given;

static talk_step_inputs inputsOf(const given *now) {
  talk_step_inputs in;
  memset(&in, 0, sizeof in);
  in.size = sizeof in, in.seed = 77, in.active = now->active, in.x = now->x[0], in.tone = now->tone;
  in.voice = now->voice[0], in.sentence_ends = now->sentence, in.section_ends = now->section;
  in.sample_ends = now->sample;
  return in;
}

static int32_t step(void *state, const talk_step_inputs *in, results *to, rondo_error *error) {
  talk_step_outputs out;
  memset(&out, 0, sizeof out);
  out.size = sizeof out;
#define GIVE(name, number) out.name = to->rows[number], out.name##_ticks = to->ticks[number]
  GIVE(h, H), GIVE(s, S), GIVE(loud, Loud), GIVE(held, Held), GIVE(number, Number), GIVE(noisy, Noisy);
  GIVE(chance, Chance), GIVE(who, Who);
  return talk_step(prepared, state, in, &out, error);
}

static given giveAt(const places *at, int turn) {
  given now;
  int s;
  memset(&now, 0xee, sizeof now);
  for (s = 0; s < Batch; ++s) {
    int64_t word = at->word[s], sentence, section = -1, group;
    now.active[s] = word < firstWord(at->sample[s] + 1) && (turn + s) % 3 != 0;
    if (!now.active[s])
      continue;
    memcpy(now.x[s], x[word], sizeof now.x[s]);
    sentence = groupAt(words, Sentences, word);
    now.sentence[s] = sentence >= 0;
    if (sentence >= 0)
      now.tone[s] = tone[sentence];
    for (group = sections[at->sample[s]]; group < sections[at->sample[s] + 1]; ++group)
      if (words[sentences[group + 1]] == word + 1 && words[sentences[group]] <= word)
        section = group;
    now.section[s] = section >= 0;
    now.sample[s] = word + 1 == firstWord(at->sample[s] + 1);
    if (word == firstWord(at->sample[s]))
      memcpy(now.voice[s], voice[at->sample[s]], sizeof now.voice[s]);
  }
  return now;
}

int main(void) {
  float *parameters = lasting(talk_parameter_bytes());
  void *made = lasting(talk_prepared_bytes()), *state, *copy;
  static whole_results whole;
  static results now;
  int64_t taken[Outputs][Samples] = {{0}};
  size_t bytes;
  rondo_error error;
  talk_step_inputs in;
  places at;
  given data;
  float largest = 0;
  int i, k, turn, isAnew = 0, rests = 1;

  for (i = 0; i < Words; ++i)
    for (k = 0; k < 3; ++k)
      x[i][k] = sinf((float)(7 * i + 3 * k)) * 1.5f;
  for (i = 0; i < Sentences; ++i)
    tone[i] = i % 4;
  for (i = 0; i < Samples; ++i)
    voice[i][0] = cosf((float)i), voice[i][1] = sinf((float)i), label[i] = 0;
  talk_init(parameters, 3, NULL);
  if (talk_prepare(parameters, made, &error))
    return report(error.code, &error), 1;
  prepared = made;
  if (!runWhole(&whole) || talk_state_bytes(Batch, &bytes, &error))
    return 1;
  state = lasting(bytes), copy = lasting(bytes);
  if (talk_state_init(prepared, state, bytes, Batch, &error))
    return report(error.code, &error), 1;
  for (i = 0; i < Batch; ++i)
    at.sample[i] = i, at.word[i] = firstWord(i);

  for (turn = 0; turn < 40; ++turn) {
    data = giveAt(&at, turn);
    in = inputsOf(&data);
    if (step(state, &in, &now, &error))
      return report(error.code, &error), 1;
    for (k = 0; k < Outputs; ++k)
      for (i = 0; i < Batch; ++i) {
        int64_t row;
        int j;
        if (!now.ticks[k][i])
          continue;
        rests &= data.active[i];
        row = whole.offsets[k][at.sample[i]] + taken[k][at.sample[i]]++;
        for (j = 0; j < sizes[k]; ++j) {
          float difference = fabsf(whole.rows[k][row * sizes[k] + j] - now.rows[k][i * sizes[k] + j]);
          if (!(difference <= largest))
            largest = difference;
        }
      }
    for (i = 0; i < Batch; ++i)
      at.word[i] += data.active[i];
    if (!isAnew && at.word[0] == firstWord(1)) { /* sequence 0 has ended: sample 0 + Batch begins in its place */
      if (talk_state_reset(prepared, state, 0, &error))
        return report(error.code, &error), 1;
      isAnew = 1;
      at.sample[0] = Batch, at.word[0] = firstWord(Batch);
    }
  }
  for (k = 0; k < Outputs; ++k)
    for (i = 0; i < Samples; ++i)
      if (taken[k][i] != whole.offsets[k][i + 1] - whole.offsets[k][i])
        largest = 1000.0f + (float)k;
  if (largest <= 1e-5f)
    printf("forward and steps agree\n");
  else
    printf("forward and steps differ by %g\n", largest);
  printf(isAnew ? "a sequence begun anew is another sample\n" : "no sequence ended\n");

  /* A step in which all rest. */
  memset(data.active, 0, sizeof data.active);
  in = inputsOf(&data);
  in.x = NULL, in.tone = NULL, in.voice = NULL;
  step(state, &in, &now, &error); /* it leaves which sequences ticked */
  memcpy(copy, state, bytes);
  if (step(state, &in, &now, &error))
    return report(error.code, &error), 1;
  for (k = 0; k < Outputs; ++k)
    for (i = 0; i < Batch; ++i)
      rests &= !now.ticks[k][i];
  printf(rests && !memcmp(copy, state, bytes) ? "resting changes nothing\n" : "resting changes something\n");

  /* Mistakes. */
  talk_state_init(prepared, state, bytes, Batch, &error);
  memset(&data, 0, sizeof data);
  memset(data.active, 1, sizeof data.active);
  memcpy(copy, state, bytes);
  data.section[1] = 1, in = inputsOf(&data);
  report(step(state, &in, &now, &error), &error);
  data.section[1] = 0, data.sample[0] = 1, in = inputsOf(&data), in.section_ends = NULL;
  report(step(state, &in, &now, &error), &error);
  data.sample[0] = 0, data.sentence[1] = 2, in = inputsOf(&data);
  report(step(state, &in, &now, &error), &error);
  data.sentence[1] = 1, data.active[0] = 255, in = inputsOf(&data);
  report(step(state, &in, &now, &error), &error);
  data.active[0] = 1, in = inputsOf(&data), in.tone = NULL;
  report(step(state, &in, &now, &error), &error);
  data.tone[0] = data.tone[1] = 9, in = inputsOf(&data); /* that of sequence 0 is not looked at */
  report(step(state, &in, &now, &error), &error);
  data.tone[1] = 3, in = inputsOf(&data), in.voice = NULL;
  report(step(state, &in, &now, &error), &error);
  isAnew = !memcmp(copy, state, bytes);
  in = inputsOf(&data), in.section_ends = NULL, in.sample_ends = NULL, in.active = NULL;
  report(step(state, &in, &now, &error), &error);
  printf(isAnew ? "after mistakes the state is what it was\n" : "a mistake changes the state\n");
  report(talk_state_reset(prepared, state, 3, &error), &error);
  report(talk_state_reset(prepared, state, -1, &error), &error);
  memcpy(copy, state, bytes);
  memset(copy, 0, 8);
  report(talk_state_reset(prepared, copy, 0, &error), &error);
  memcpy(copy, state, bytes);
  ++((int64_t *)copy)[2]; /* the number of sequences */
  report(step(copy, &in, &now, &error), &error);
  return 0;
}
