/* A keyword spotter on a stream of audio that arrives ten milliseconds at a time.
 *
 *   spotter PARAMETERS.safetensors [--live] [--seconds N] [--seed N]
 *
 * The audio is made here, so that it is known what was said when: noise, and in it the keyword, a low tone and then a
 * high one, beside sounds that are nearly it. Prints when the model fired and when it should have. The exit code is 0
 * if it fired at each keyword once and nowhere else. With --live each hop comes when its time has come, as from a
 * microphone. */
#define _POSIX_C_SOURCE 200809L
#include "spotter.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { rate = 16000, hop = 160, most = 64 };

/*---- The audio ----------------------------------------------------------------------------------------------------*/

struct sound {
  const char *name;
  double low_from, low_to, high_from, high_to; /* seconds from its begin; equal: no such tone */
};
static const struct sound sounds[] = {
    {"keyword", 0, 0.25, 0.3, 0.55}, {"high, then low", 0.3, 0.55, 0, 0.25}, {"low alone", 0, 0.5, 0, 0},
    {"high alone", 0, 0, 0, 0.5},    {"both at once", 0, 0.4, 0, 0.4},       {"a second apart", 0, 0.25, 1.3, 1.55},
};
static const int order[] = {0, 1, 2, 3, 4, 0, 5}; /* in which they are made, again and again */
enum { kinds = sizeof order / sizeof order[0] };

struct event {
  const struct sound *sound;
  double begin, loudness, low, high; /* seconds, amplitude, Hz */
};

static uint64_t random_state;
static double uniform(void) { /* in [0, 1), by xorshift */
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0;
}

/* One sound every two seconds, at times, loudnesses and pitches that vary. */
static int make_events(struct event *events, double seconds) {
  int count = 0;
  for (double at = 1; at + 2 <= seconds && count < most; at += 2, ++count)
    events[count] = (struct event){&sounds[order[count % kinds]], at + 0.4 * uniform(), 0.1 + 0.4 * uniform(),
                                   800 + 20 * (uniform() - 0.5), 1500 + 20 * (uniform() - 0.5)};
  return count;
}

static void make_audio(float *audio, int64_t first, const struct event *events, int count) {
  const double pi = 3.14159265358979;
  for (int n = 0; n < hop; ++n) {
    double t = (double)(first + n) / rate;
    double value = 0.1 * (uniform() + uniform() + uniform() + uniform() - 2) * 1.7; /* noise, deviation 0.1 */
    for (int k = 0; k < count; ++k) {
      const struct sound *sound = events[k].sound;
      double since = t - events[k].begin;
      if (since >= sound->low_from && since < sound->low_to)
        value += events[k].loudness * sin(2 * pi * events[k].low * t);
      if (since >= sound->high_from && since < sound->high_to)
        value += events[k].loudness * sin(2 * pi * events[k].high * t);
    }
    audio[n] = (float)value;
  }
}

static int is_keyword(const struct event *event) { return event->sound == &sounds[0]; }

/* A sound is over without having been heard; returns how many mistakes that is. */
static int tell_unheard(const struct event *event) {
  printf("%6.2f s  %-15s  %s\n", event->begin, event->sound->name, is_keyword(event) ? "MISSED" : "-");
  return is_keyword(event);
}

/*---- The model ----------------------------------------------------------------------------------------------------*/

static rondo_error error;
static int failed(void) { return fprintf(stderr, "spotter: %s\n", error.message), 2; }

/* All memory is ours. Sizes of state are known once the library is asked. */
static void *memory(size_t bytes) {
  void *at = NULL;
  if (posix_memalign(&at, SPOTTER_ALIGNMENT, bytes ? bytes : 1)) {
    fputs("spotter: no memory\n", stderr);
    exit(2);
  }
  return at;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}
static void wait_until(double when) {
  double rest = when - now();
  if (rest > 0)
    nanosleep(&(struct timespec){(time_t)rest, (long)(1e9 * (rest - (time_t)rest))}, NULL);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  const char *file = NULL;
  double seconds = 60;
  int live = 0;
  random_state = 88172645463325252u;
  for (int i = 1; i < argc; ++i) {
    if (!strcmp(argv[i], "--live"))
      live = 1;
    else if (!strcmp(argv[i], "--seconds") && i + 1 < argc)
      seconds = atof(argv[++i]);
    else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
      random_state += 0x9e3779b97f4a7c15u * strtoull(argv[++i], NULL, 10);
    else if (argv[i][0] != '-' && !file)
      file = argv[i];
    else
      return fprintf(stderr, "spotter: does not know what to do with '%s'\n", argv[i]), 2;
  }
  if (!file)
    return fputs("usage: spotter PARAMETERS.safetensors [--live] [--seconds N] [--seed N]\n", stderr), 2;
  if (!(seconds >= 3 && seconds <= 2 * most))
    return fprintf(stderr, "spotter: --seconds is 3 to %d\n", 2 * most), 2;
  for (int i = 0; i < 10; ++i) /* seeds that are alike become numbers that are not */
    uniform();

  float *parameters = memory(SPOTTER_PARAMETER_BYTES);
  void *prepared = memory(SPOTTER_PREPARED_BYTES);
  if (spotter_load(parameters, file, &error) || spotter_prepare(parameters, prepared, &error))
    return failed();
  free(parameters);
  size_t bytes;
  if (spotter_state_bytes(1, &bytes, &error))
    return failed();
  void *state = memory(bytes);
  if (spotter_state_init(prepared, state, bytes, 1, &error))
    return failed();

  struct event events[most];
  int count = make_events(events, seconds), right = 0, wrong = 0, next = 0;
  int64_t hops = (int64_t)(seconds * rate / hop);
  double *times = malloc(hops * sizeof *times);
  if (!times)
    return fputs("spotter: no memory\n", stderr), 2;
  printf("%.0f s of audio in hops of 10 ms; %d sounds\n", seconds, count);

  double begin = now();
  for (int64_t k = 0; k < hops; ++k) {
    float audio[hop], score;
    uint8_t heard;
    make_audio(audio, k * hop, events, count);
    if (live)
      wait_until(begin + 0.01 * (k + 1));

    double before = now();
    spotter_step_inputs in = {.size = sizeof in, .audio = audio};
    spotter_step_outputs out = {.size = sizeof out, .score = &score, .heard = &heard};
    if (spotter_step(prepared, state, &in, &out, &error))
      return failed();
    times[k] = now() - before;

    double t = 0.01 * (k + 1);
    for (; next < count && events[next].begin + 1.6 < t; ++next)
      wrong += tell_unheard(&events[next]);
    if (!heard)
      continue;
    /* A keyword must be heard from the begin of its high tone until 100 ms after its end. */
    if (next < count && is_keyword(&events[next]) && t > events[next].begin + 0.3 && t < events[next].begin + 0.65) {
      printf("%6.2f s  %-15s  heard at %.2f s, %.0f ms into the high tone\n", events[next].begin,
             events[next].sound->name, t, 1000 * (t - events[next].begin - 0.3));
      ++right, ++next;
    } else {
      printf("%6.2f s  FALSE ALARM\n", t);
      ++wrong;
    }
    if (live)
      fflush(stdout);
  }

  for (; next < count; ++next)
    wrong += tell_unheard(&events[next]);

  double sum = 0;
  for (int64_t k = 0; k < hops; ++k)
    sum += times[k];
  qsort(times, hops, sizeof *times, compare);
  printf("%d keywords heard, %d mistakes\n", right, wrong);
  printf("a hop takes %.2f us in the mean, %.2f us in 99 of 100, %.2f us at most; of its 10 ms that is one %.0fth\n",
         1e6 * sum / hops, 1e6 * times[hops * 99 / 100], 1e6 * times[hops - 1], 0.01 * hops / sum);
  free(times), free(state), free(prepared);
  return wrong ? 1 : 0;
}
