// A model that feeds itself: what a call of it knows beside what every call knows.
#ifndef RONDO_RUNTIME_GENERATE_H
#define RONDO_RUNTIME_GENERATE_H

#include "runtime/Call.h"
#include "runtime/Choose.h"

namespace rondo::runtime {

enum class ChoiceMode : int64_t { Greedy, Sample, Beam };

/// What the caller asks for, with the program's numbers where it leaves that open. Rows of the generated axis are those
/// that are forced (a prompt, or what stands first) and those that may be chosen, for each hypothesis of each sample.
struct Choice {
  int32_t op = -1; // the plan's Choose
  ChoiceMode mode = ChoiceMode::Greedy;
  bool next = false, isScored = false;       // somebody wants scores
  int64_t start = -1, stop = -1, limit = -1; // -1: there is none; limit is there in every call
  int64_t beams = 1;                         // hypotheses a sample
  uint64_t key = 0;                          // of random numbers
  double temperature = 1, lengthPenalty = 0;
  int64_t best = 0;                       // draws are among so many; 0: among all
  int32_t axis = -1, hypotheses = -1;     // the generated input's, and the one that groups it
  int32_t input = -1;                     // of the plan
  const char *prompts = nullptr;          // null: none
  const int64_t *promptOffsets = nullptr; // [batch + 1]
  uint64_t *outputs = nullptr;            // words of the caller's struct behind its size

  int64_t promptRows(int64_t sample) const {
    return promptOffsets ? promptOffsets[sample + 1] - promptOffsets[sample] : 0;
  }
  /// Rows that are not chosen.
  int64_t forced(int64_t sample) const {
    int64_t rows = promptRows(sample);
    return rows || !next ? rows : 1;
  }
  /// Rows of the generated axis ahead of a hypothesis: each has room for what is forced and what is chosen.
  int64_t rowsAhead(int64_t hypothesis) const {
    int64_t sample = hypothesis / beams, own = limit + next;
    int64_t before = sample * own + (promptOffsets ? promptOffsets[sample] : 0);
    int64_t within = hypothesis % beams;
    return beams * before + (within ? within * (own + promptRows(sample)) : 0);
  }
};

/// Of the caller's structs: all of their words.
constexpr int64_t optionWords = 10, generatedWords = 6;

/// What is chosen, while it is.
struct ChoiceMemory {
  struct Sample {
    int32_t found = 1; // hypotheses
    int32_t over = 0;  // 1: nothing more will be chosen
    int32_t turn = 0;  // which of the two halves is the present one
  };
  Sample *samples;           // [batch]
  Hypothesis *hypotheses[2]; // [batch * beams]; the second one where there are beams
  char *rows[2];             // [batch * beams][limit]: what has been chosen
  int32_t *parents;          // [sequences]
  int32_t *oldRows;          // [sequences]: of a window
  Candidate *candidates;     // [places][beams]
  double *weights;           // [places][tokens]
  int32_t *heap;             // [places][best]
  char *moved, *movedPairs;  // rows on the way: of all sequences, of all windows on a pair clock
  int32_t *following;        // [views]: Blocks that are written ahead of a choice and read behind it; -1 ends the list
  int64_t rowBytes;          // of the generated input
  int64_t widest, widestOfPairs; // bytes of a row on the way: threads move different arrays at the same time

  ChoiceMemory() = default;
  /// `sequences`, `windows`, `views`: bounds of the scan; the widest rows of each kind have so many bytes.
  ChoiceMemory(const Call &call, int64_t sequences, int64_t windows, int64_t views, int64_t widest,
               int64_t widestOfPairs, Carver &carver);

  void begin(const Call &call);
  int64_t tokens(const Call &call) const;
};

/// Hands out what has been chosen. False: there is too little room.
bool giveChosen(const Call &call, const ChoiceMemory &memory);

} // namespace rondo::runtime
#endif
