// What takes part in a benchmark: a process that is told, a line at a time, what to do (see docs/benchmarks.md).
//
//   (at the start)                              hello NAME AND VERSION
//   case folder=F cell=lstm inputs=256 ...  ->  ready VARIANT | missing WHY
//   values FILE                             ->  values
//   window SECONDS                          ->  window MEDIAN_US BEST_US ITERATIONS CPU_SECONDS INVOLUNTARY_SWITCHES
//
// Folder F holds each array of floats as a file of its own: x.f32 [steps, batch, inputs], and the parameters by their path
// in the Rondo model, y.W.f32 and so on. `values` writes the output, [steps, batch, width].
//
// Where it says train=1, dy.f32 holds the gradients of the output, a run computes those of the input and of all parameters
// too, and `values` writes behind the output the gradient of x and those of the parameters, in the order of their paths,
// each from a multiple of 64 bytes behind the first on.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

// Floats that start on a page of their own, as memory from any framework's allocator does.
using Buffer = std::unique_ptr<float[], void (*)(void *)>;
inline Buffer reserve(size_t size) { // pages that nobody touches take no memory
  return Buffer(static_cast<float *>(std::aligned_alloc(4096, (size * sizeof(float) + 4095) / 4096 * 4096)), std::free);
}
inline Buffer makeBuffer(size_t size) {
  Buffer buffer = reserve(size);
  std::fill_n(buffer.get(), size, 0.0f);
  return buffer;
}

class Case {
public:
  explicit Case(const std::string &line) {
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (size_t at = word.find('='); at != std::string::npos)
        fields[word.substr(0, at)] = word.substr(at + 1);
  }
  const std::string &text(const std::string &name) const { return fields.at(name); }
  int64_t number(const std::string &name) const { return std::stoll(fields.at(name)); }
  bool trains() const { return number("train") != 0; }

  std::vector<float> read(const std::string &array) const {
    std::ifstream file(text("folder") + "/" + array + ".f32", std::ios::binary | std::ios::ate);
    if (!file)
      throw std::runtime_error("no array " + array);
    std::vector<float> values(size_t(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values.data()), std::streamsize(values.size() * sizeof(float)));
    return values;
  }

private:
  std::map<std::string, std::string> fields;
};

// A case made ready: `run` computes the whole sequence.
struct Runner {
  std::string variant;
  std::function<void()> run;
  std::function<std::vector<float>()> values;
};

using Clock = std::chrono::steady_clock;
inline double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Microseconds of each run within so many seconds, and at least one, in ascending order.
inline std::vector<double> timeRuns(const Runner &runner, double seconds) {
  std::vector<double> times;
  Clock::time_point start = Clock::now();
  do {
    Clock::time_point before = Clock::now();
    runner.run();
    times.push_back(since(before) * 1e6);
  } while (since(start) < seconds);
  std::sort(times.begin(), times.end());
  return times;
}

// Of several ways to compute the same the fastest, by three short windows of each in turn.
inline Runner fastest(std::vector<Runner> runners) {
  std::vector<double> best(runners.size(), 1e300);
  for (int round = 0; round < (runners.size() > 1 ? 3 : 0); ++round)
    for (size_t i = 0; i < runners.size(); ++i) {
      std::vector<double> times = timeRuns(runners[i], 0.05);
      best[i] = std::min(best[i], times[times.size() / 2]);
    }
  return std::move(runners[size_t(std::min_element(best.begin(), best.end()) - best.begin())]);
}

inline std::pair<double, long> processorTime() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval time) { return double(time.tv_sec) + 1e-6 * double(time.tv_usec); };
  return {seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_nivcsw};
}

inline std::string window(const Runner &runner, double seconds) {
  auto [cpu, switches] = processorTime();
  std::vector<double> times = timeRuns(runner, seconds);
  auto [cpuAfter, switchesAfter] = processorTime();
  std::ostringstream answer;
  answer << "window " << times[times.size() / 2] << ' ' << times.front() << ' ' << times.size() << ' ' << cpuAfter - cpu
         << ' ' << switchesAfter - switches;
  return answer.str();
}

// Answers lines until there are no more. `prepare` throws where it cannot compute a case.
inline int serve(const std::string &name, const std::function<Runner(const Case &)> &prepare) {
  std::cout << "hello " << name << std::endl;
  Runner runner;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, rest;
    words >> command >> rest;
    if (command == "case") {
      try {
        runner = Runner(); // frees the last case's memory first
        runner = prepare(Case(line));
        runner.run();
        std::cout << "ready " << runner.variant << std::endl;
      } catch (const std::exception &error) {
        std::cout << "missing " << error.what() << std::endl;
      }
    } else if (command == "values") {
      runner.run();
      std::vector<float> values = runner.values();
      std::ofstream file(rest, std::ios::binary);
      file.write(reinterpret_cast<const char *>(values.data()), std::streamsize(values.size() * sizeof(float)));
      file.close();
      std::cout << "values" << std::endl;
    } else if (command == "window") {
      std::cout << window(runner, std::stod(rest)) << std::endl;
    }
  }
  return 0;
}

} // namespace bench
