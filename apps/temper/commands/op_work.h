// The least work of an operation, the limits of this machine, and so the shortest time of the operation: the roofline model of Williams,
// Waterman and Patterson, "Roofline: an insightful visual performance model", CACM 2009.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/engine/tape.h"

namespace temper::app {

struct Work {
  double flops = 0;  // of products alone, by the definition: 2 for a multiplication and its addition
  double bytes = 0;  // every operand read once and every result written once
  Work& operator+=(const Work& other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
};

// Of a call, from its shapes. Convolutions and dense layers multiply; everything else is counted as moving memory.
Work count_work(Tape::Hook::Pass pass, const AnyOp& op, const OpCall& call);

// Measured, on the threads in use.
struct MachineLimits {
  double flops = 0;         // a second: OpenBLAS's product of 1024 x 1024 matrices
  double memory_bytes = 0;  // a second: copy or a + s b, whichever is faster, of 192 MiB
  double cache_bytes = 0;   // the same of 6 MiB
  double cache_size = 0;    // of the last level, in bytes
  double cached = 0;        // work of up to so many bytes is held against the cache, more against memory. At first: cache_size

  static MachineLimits measure();

  enum class Bound { arithmetic, memory, cache };
  struct Least {
    double seconds;
    Bound bound;
  };
  Least least_seconds(const Work& work) const;
};
const char* name(MachineLimits::Bound bound);
std::string describe(const MachineLimits& limits);
Json to_json(const MachineLimits& limits);

// Adds up, while it lives, the time and the work of the operations that the thread runs, by a label and the pass.
class OpTimer : public Tape::Hook {
 public:
  using Label = std::string (*)(const AnyOp& op, const OpCall& call);
  struct Sum {
    int calls = 0;
    double seconds = 0, least_seconds = 0;
    Work work = {};
  };
  using Sums = std::map<std::pair<std::string, Pass>, Sum>;

  OpTimer(const MachineLimits& limits, Label label) : limits_(limits), label_(label) {}
  void before(Pass pass, const AnyOp& op, const OpCall& call) override;
  void after(Pass pass, const AnyOp& op, const OpCall& call) override;

  // What was added up since the last call.
  Sums take() { return std::exchange(sums_, {}); }

 private:
  const MachineLimits& limits_;
  Label label_;
  Sums sums_;
  Sum* open_ = nullptr;
  double start_ = 0;
};

std::string label_by_name(const AnyOp& op, const OpCall& call);   // "conv2d"
std::string label_by_shape(const AnyOp& op, const OpCall& call);  // "conv2d 32x32x16 (16,3,3,16)"

}  // namespace temper::app
