/* Lets the library of generate.rondo write, and runs it whole to see whether that is what it should have written. */
#include "lasting.h"
#include "writer.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { Batch = 3, Limit = 6, Tokens = 4, Longest = 3 + Limit, MostBeams = 100 };

static const void *prepared;
static const int32_t source[] = {1, 5, 2, 0, 3, 3, 4};
static const int64_t letters[Batch + 1] = {0, 4, 4, 7}; /* the second sample has no source */

static const char *check(int holds, const char *what) {
  static char text[200];
  snprintf(text, sizeof text, "%s%s", holds ? "" : "WRONG: ", what);
  return puts(text), text;
}

/* Everything that one call gives. */
typedef struct {
  int32_t rows[Batch * MostBeams * Limit];
  int64_t count, offsets[Batch * MostBeams + 1], found[Batch];
  double scores[Batch * MostBeams];
} results;

static writer_generate_options defaults(void) {
  writer_generate_options how = WRITER_GENERATE_DEFAULTS;
  how.start = 1;
  return how;
}

static writer_inputs inputs(void) {
  writer_inputs in;
  memset(&in, 0, sizeof in);
  in.size = sizeof in, in.batch = Batch, in.letter_offsets = letters, in.source = source;
  return in;
}

static int32_t write_rows(const writer_inputs *in, const writer_generate_options *how, writer_pool *pool, results *to,
                          rondo_error *error) {
  writer_generated out;
  size_t bytes;
  int32_t code = writer_generate_workspace_bytes(in, how, &bytes, error);
  void *workspace;
  if (code)
    return code;
  workspace = lasting(bytes);
  memset(workspace, 0xff, bytes); /* nothing hangs on what was there */
  memset(to, 0, sizeof *to);
  memset(&out, 0, sizeof out);
  out.size = sizeof out, out.rows = to->rows, out.row_count = Batch * MostBeams * Limit, out.offsets = to->offsets;
  out.scores = to->scores, out.hypotheses = to->found;
  code = writer_generate(prepared, in, how, &out, workspace, bytes, pool, error);
  to->count = out.row_count;
  return code;
}

static void must(int32_t code, const rondo_error *error) {
  if (code)
    printf("FAILED: %s\n", error->message), exit(1);
}

/* Logits of one sample at the last of `count` rows, by forward. */
static void logits_behind(int sample, const int32_t *rows, int64_t count, float logits[Tokens]) {
  const float weight = 1;
  float all[Longest + 1][Tokens];
  int64_t steps[2], own[2];
  writer_inputs in;
  writer_outputs out;
  rondo_error error;
  size_t bytes;
  void *workspace;
  memset(&in, 0, sizeof in);
  steps[0] = own[0] = 0, steps[1] = count, own[1] = letters[sample + 1] - letters[sample];
  in.size = sizeof in, in.batch = 1, in.step_offsets = steps, in.text = rows, in.letter_offsets = own;
  in.source = source + letters[sample], in.weight = &weight;
  memset(&out, 0, sizeof out);
  out.size = sizeof out, out.logits = all[0], out.logits_rows = Longest + 1;
  must(writer_workspace_bytes(&in, &bytes, &error), &error);
  workspace = lasting(bytes);
  must(writer_forward(prepared, &in, &out, workspace, bytes, NULL, &error), &error);
  memcpy(logits, all[count - 1], sizeof all[0]);
}

static double log_probability(const float logits[Tokens], int token) {
  double sum = 0;
  int i;
  for (i = 0; i < Tokens; ++i)
    sum += exp((double)logits[i]);
  return logits[token] - log(sum);
}

/* Whether rows behind a prefix are the likeliest, as forward says; `score`: of them all, and of what ends them. */
static int is_greedy(int sample, const int32_t *prefix, int count, const int32_t *rows, int64_t length, int stop,
                     int64_t limit, double score) {
  int32_t all[Longest + 1];
  int i, fine = 1;
  memcpy(all, prefix, count * sizeof *all);
  for (i = 0; i < limit; ++i) {
    float logits[Tokens];
    int token, best = 0;
    logits_behind(sample, all, count + i, logits);
    for (token = 1; token < Tokens; ++token)
      if (logits[token] > logits[best])
        best = token;
    score -= log_probability(logits, best);
    if (best == stop) {
      fine = fine && i == length;
      break;
    }
    fine = fine && i < length && rows[i] == best;
    all[count + i] = best;
  }
  return fine && fabs(score) < 1e-4;
}

static int is_same(const results *a, const results *b, int beams) {
  return a->count == b->count && !memcmp(a->rows, b->rows, a->count * sizeof *a->rows) &&
         !memcmp(a->offsets, b->offsets, (Batch * beams + 1) * sizeof *a->offsets) &&
         !memcmp(a->scores, b->scores, Batch * beams * sizeof *a->scores) && !memcmp(a->found, b->found, sizeof a->found);
}

/* Of a batch the sample alone. */
static int is_sample(const results *batch, int sample, const writer_inputs *in, const writer_generate_options *how) {
  static results one;
  int64_t own[2], steps[2], j, beams = how->mode == WRITER_BEAM ? how->beams : 1;
  writer_inputs single = *in;
  rondo_error error;
  int fine = 1;
  own[0] = steps[0] = 0, own[1] = letters[sample + 1] - letters[sample];
  single.batch = 1, single.letter_offsets = own, single.source = source + letters[sample];
  if (in->step_offsets) {
    steps[1] = in->step_offsets[sample + 1] - in->step_offsets[sample];
    single.step_offsets = steps, single.text = in->text + in->step_offsets[sample];
  }
  must(write_rows(&single, how, NULL, &one, &error), &error);
  fine = one.found[0] == batch->found[sample];
  for (j = 0; j < beams; ++j) {
    int64_t begin = batch->offsets[sample * beams + j], length = batch->offsets[sample * beams + j + 1] - begin;
    fine = fine && length == one.offsets[j + 1] - one.offsets[j] && batch->scores[sample * beams + j] == one.scores[j] &&
           !memcmp(batch->rows + begin, one.rows + one.offsets[j], length * sizeof *one.rows);
  }
  return fine;
}

/* All sequences of up to 3 tokens of which 3 ends one, by falling rank. */
typedef struct {
  int32_t tokens[3];
  int length;
  double score, rank;
} sequence;
static sequence all_sequences[200];
static int sequences;

static void grow(int sample, sequence so, double penalty) {
  int32_t rows[4];
  float logits[Tokens];
  int token;
  rows[0] = 1;
  memcpy(rows + 1, so.tokens, sizeof so.tokens);
  if (so.length == 3) {
    so.rank = so.score / pow(3, penalty);
    all_sequences[sequences++] = so;
    return;
  }
  logits_behind(sample, rows, 1 + so.length, logits);
  for (token = 0; token < Tokens; ++token) {
    sequence next = so;
    next.score += log_probability(logits, token);
    if (token == 3) {
      next.rank = next.score / pow(so.length + 1, penalty);
      all_sequences[sequences++] = next;
      continue;
    }
    next.tokens[next.length++] = token;
    grow(sample, next, penalty);
  }
}

static int by_rank(const void *a, const void *b) {
  double x = ((const sequence *)a)->rank, y = ((const sequence *)b)->rank;
  return x < y ? 1 : x > y ? -1 : 0;
}

static int is_exhaustive(const results *found, int beams, double penalty) {
  int sample, i, fine = 1;
  for (sample = 0; sample < Batch; ++sample) {
    sequence none;
    memset(&none, 0, sizeof none);
    sequences = 0;
    grow(sample, none, penalty);
    qsort(all_sequences, sequences, sizeof none, by_rank);
    fine = fine && found->found[sample] == sequences;
    for (i = 0; i < sequences; ++i) {
      int64_t begin = found->offsets[sample * beams + i], length = found->offsets[sample * beams + i + 1] - begin;
      fine = fine && length == all_sequences[i].length &&
             !memcmp(found->rows + begin, all_sequences[i].tokens, length * sizeof(int32_t)) &&
             fabs(found->scores[sample * beams + i] - all_sequences[i].score) < 1e-4;
    }
  }
  return fine;
}

static void report(int32_t code, const rondo_error *error) {
  static const char *const names[] = {"fine",      "ARGUMENT",  "STRUCTURE", "VALUE",  "CAPACITY",
                                      "WORKSPACE", "TOO_LARGE", "LIBRARY",   "MEMORY", "MACHINE"};
  printf("%s: %s\n", code >= 0 && code < 10 ? names[code] : "?", code == error->code ? error->message : "another code");
}

static void what_works(void) {
  static results first, other;
  const int32_t start[] = {1}, two[] = {2};
  const int32_t prompts[] = {2, 0, 1, 3};
  const int64_t prompt_offsets[] = {0, 3, 3, 4};
  writer_generate_options how = defaults();
  writer_inputs in = inputs(), prompted = inputs();
  writer_pool *pool = writer_pool_create(2);
  rondo_error error;
  size_t small, large;
  int i, fine = 1;

  must(write_rows(&in, &how, NULL, &first, &error), &error);
  for (i = 0; i < Batch; ++i)
    fine = fine && is_greedy(i, start, 1, first.rows + i * Limit, first.offsets[i + 1] - first.offsets[i], -1, Limit,
                             first.scores[i]);
  check(fine && first.count == Batch * Limit, "greedy: rows are what forward says is the likeliest");

  { /* this program has no start of its own */
    writer_generate_options plain = WRITER_GENERATE_DEFAULTS;
    const int64_t ones[] = {0, 1, 2, 3};
    const int32_t begin[] = {1, 1, 1};
    prompted.step_offsets = ones, prompted.text = begin;
    must(write_rows(&prompted, NULL, NULL, &other, &error), &error);
    fine = is_same(&first, &other, 1);
    must(write_rows(&prompted, &plain, NULL, &other, &error), &error);
    check(fine && is_same(&first, &other, 1), "NULL options are the defaults");
  }
  {
    writer_generated none;
    void *workspace;
    memset(&none, 0, sizeof none);
    none.size = sizeof none;
    must(writer_generate_workspace_bytes(&in, &how, &small, &error), &error);
    workspace = lasting(small);
    must(writer_generate(prepared, &in, &how, &none, workspace, small, NULL, &error), &error);
    check(none.row_count == first.count, "results that are not wanted are left out");
  }
  how.start = 2;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  check(is_greedy(0, two, 1, other.rows, Limit, -1, Limit, other.scores[0]), "a start of one's own begins otherwise");
  how.start = 1, how.limit = 0;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  fine = other.count == 0 && other.scores[0] == 0;
  how.limit = 3;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  check(fine && other.count == 9 && !memcmp(other.rows + 3, first.rows + Limit, 3 * sizeof(int32_t)),
        "a limit of 0 gives nothing, of 3 the first three");
  how = defaults();
  how.stop = first.rows[Limit - 1];
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  fine = other.count < first.count;
  for (i = 0; i < Batch; ++i)
    fine = fine && is_greedy(i, start, 1, other.rows + other.offsets[i], other.offsets[i + 1] - other.offsets[i],
                             (int)how.stop, Limit, other.scores[i]);
  check(fine, "stop ends, and is not there");

  how = defaults();
  prompted = inputs();
  prompted.step_offsets = prompt_offsets, prompted.text = prompts;
  must(write_rows(&prompted, &how, NULL, &other, &error), &error);
  fine = is_greedy(0, prompts, 3, other.rows, Limit, -1, Limit, other.scores[0]) &&
         is_greedy(1, start, 1, other.rows + Limit, Limit, -1, Limit, other.scores[1]) &&
         is_greedy(2, prompts + 3, 1, other.rows + 2 * Limit, Limit, -1, Limit, other.scores[2]);
  check(fine && other.count == Batch * Limit, "prompts: each sample goes on from its own");

  fine = 1;
  how.stop = 3;
  for (how.mode = WRITER_GREEDY; how.mode <= WRITER_BEAM; how.mode += WRITER_BEAM) { /* draws hang on the number */
    how.beams = 3;
    must(write_rows(&prompted, &how, NULL, &other, &error), &error);
    for (i = 0; i < Batch; ++i)
      fine = fine && is_sample(&other, i, &prompted, &how);
  }
  check(fine, "a batch is its samples");
  fine = 1;
  for (how.mode = WRITER_GREEDY; how.mode <= WRITER_BEAM; ++how.mode) {
    must(write_rows(&prompted, &how, NULL, &first, &error), &error);
    must(write_rows(&prompted, &how, pool, &other, &error), &error);
    fine = fine && is_same(&first, &other, how.mode == WRITER_BEAM ? 3 : 1);
  }
  check(fine, "two threads are one");

  how = defaults();
  how.mode = WRITER_SAMPLE, how.temperature = 2, how.seed = 5;
  must(write_rows(&in, &how, NULL, &first, &error), &error);
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  fine = is_same(&first, &other, 1);
  how.seed = 6;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  check(fine && !is_same(&first, &other, 1), "draws hang on the seed");
  how.top_k = 1;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  fine = is_greedy(2, start, 1, other.rows + 2 * Limit, Limit, -1, Limit, other.scores[2]);
  how.top_k = 0, how.temperature = 1e-9;
  must(write_rows(&in, &how, NULL, &first, &error), &error);
  check(fine && is_same(&first, &other, 1), "one of the likeliest is greedy");
  how = defaults();
  must(write_rows(&in, &how, NULL, &first, &error), &error);
  how.mode = WRITER_BEAM;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  check(is_same(&first, &other, 1), "one beam is greedy");

  how.limit = 3, how.stop = 3, how.beams = MostBeams;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  fine = is_exhaustive(&other, MostBeams, 0);
  how.length_penalty = 0.7;
  must(write_rows(&in, &how, pool, &other, &error), &error);
  check(fine && is_exhaustive(&other, MostBeams, 0.7), "a wide beam finds all sequences, the best first");
  how.limit = 1, how.beams = 9;
  must(write_rows(&in, &how, NULL, &other, &error), &error);
  check(other.found[0] == 4 && other.offsets[9] - other.offsets[0] == 3 && other.offsets[4] == other.offsets[9],
        "beams that there are not are not counted");

  how = defaults();
  must(writer_generate_workspace_bytes(&in, &how, &small, &error), &error);
  how.limit = 1000;
  must(writer_generate_workspace_bytes(&in, &how, &large, &error), &error);
  check(large - small < 1000 * Batch * 128, "the workspace does not grow by the vocabulary");
  in.batch = 0;
  must(write_rows(&in, &how, pool, &other, &error), &error);
  check(other.count == 0 && other.offsets[0] == 0, "an empty batch is fine");
  writer_pool_destroy(pool);
}

static results scratch;
static rondo_error wrong;
static void fails(const writer_inputs *in, const writer_generate_options *how) {
  report(write_rows(in, how, NULL, &scratch, &wrong), &wrong);
}

static void what_fails(void) {
  const int32_t prompts[] = {2, 4, 1};
  const int64_t decreasing[] = {0, 2, 1, 3}, fine_offsets[] = {0, 0, 2, 3}, first_only[] = {0, 1, 1, 1};
  writer_generate_options how = defaults();
  writer_inputs in = inputs();
  writer_generated out;
  size_t bytes;
  char *workspace, *old;

  how.size = 8, fails(&in, &how);
  fails(&in, (const writer_generate_options *)((const char *)&how + 4));
  how = defaults(), how.mode = 3, fails(&in, &how);
  how = defaults(), how.mode = WRITER_SAMPLE, how.temperature = 0, fails(&in, &how);
  how.temperature = NAN, fails(&in, &how);
  how.temperature = INFINITY, fails(&in, &how);
  how.temperature = 1, how.top_k = -1, fails(&in, &how);
  how = defaults(), how.mode = WRITER_BEAM, how.beams = 0, fails(&in, &how);
  how.beams = INT64_MAX, fails(&in, &how);
  how.beams = 2, how.length_penalty = INFINITY, fails(&in, &how);
  how = defaults(), how.limit = -2, fails(&in, &how);
  how.limit = INT64_MAX / 2 + 1, fails(&in, &how);
  how = defaults(), how.start = 4, fails(&in, &how);
  how = defaults(), how.stop = INT64_MIN, fails(&in, &how);
  how = defaults(), how.start = -1, in.step_offsets = first_only, in.text = prompts, fails(&in, &how);

  how = defaults(), in = inputs();
  fails(NULL, &how);
  in.batch = -1, fails(&in, &how);
  in.batch = INT64_MAX, fails(&in, &how);
  in.batch = 40000, how.mode = WRITER_BEAM, how.beams = 65536, fails(&in, &how);
  in = inputs(), how = defaults(), how.limit = 1073741823, fails(&in, &how);
  how = defaults(), in.step_offsets = decreasing, in.text = prompts, fails(&in, &how);
  in.step_offsets = fine_offsets, in.text = NULL, fails(&in, &how);
  in.text = prompts, fails(&in, &how);
  in = inputs(), in.source = NULL, fails(&in, &how);
  in = inputs(), in.letter_offsets = NULL, fails(&in, &how);

  in = inputs(), how.limit = 4;
  must(writer_generate_workspace_bytes(&in, &how, &bytes, &wrong), &wrong);
  workspace = lasting(bytes);
  report(writer_generate(prepared, &in, &how, NULL, workspace, bytes, NULL, &wrong), &wrong);
  memset(&out, 0, sizeof out);
  out.size = 40;
  report(writer_generate(prepared, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  out.size = sizeof out, out.rows = (int32_t *)((char *)scratch.rows + 2), out.row_count = 5;
  report(writer_generate(prepared, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  out.rows = scratch.rows, out.scores = (double *)((char *)scratch.scores + 4);
  report(writer_generate(prepared, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  out.scores = NULL, out.row_count = -1;
  report(writer_generate(prepared, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  out.row_count = 5, scratch.rows[5] = 77;
  report(writer_generate(prepared, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  printf("which are said to be %d%s\n", (int)out.row_count, scratch.rows[5] == 77 ? "" : ", but more was written");
  report(writer_generate(prepared, &in, &how, &out, workspace, 64, NULL, &wrong), &wrong);
  old = lasting(WRITER_PREPARED_BYTES);
  memset(old, 0, WRITER_PREPARED_BYTES);
  report(writer_generate(old, &in, &how, &out, workspace, bytes, NULL, &wrong), &wrong);
  report(writer_generate_workspace_bytes(&in, &how, NULL, &wrong), &wrong);
}

int main(void) {
  rondo_error error;
  float *parameters = lasting(WRITER_PARAMETER_BYTES);
  void *made = lasting(WRITER_PREPARED_BYTES);
  if (writer_init(parameters, 3, &error) || writer_prepare(parameters, made, &error))
    return puts(error.message), 1;
  prepared = made;
  what_works();
  what_fails();
  return 0;
}
