// Training speed of the small Transformer on batches as Multi30k's: about 4,096 target words in sentences of 8 to 24. Run beside
// tests/bench/peers/transformer.py, in turn: tests/bench/transformer.sh does.
//   transformer_bench THREADS [--profile]      prints words a second, and words a second of processor time, which other programs disturb
//   less

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/random_scope.h"
#include "models/networks/transformer.h"
#include "optim/adamw.h"

namespace {

using namespace temper;
using Clock = std::chrono::steady_clock;

constexpr Index kVocabulary = 8000, kSentences = 256, kSource = 17, kTarget = 16, kSteps = 7;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Sentences of length-2 to length words.
struct Batch {
  std::vector<std::int32_t> ids, lengths;
  Index length;
  Batch(Index to, std::int32_t factor) : length(to) {
    for (Index n = 0; n < kSentences; ++n) {
      lengths.push_back(static_cast<std::int32_t>(to - n % 3));
      for (Index i = 0; i < to; ++i)
        ids.push_back(i < lengths.back() ? static_cast<std::int32_t>((n * 131 + i * factor) % kVocabulary) : 0);
    }
  }
  operator data::Sequences() const { return {ids, lengths, kSentences, length}; }  // NOLINT
};

struct Profile : Tape::Hook {
  std::map<std::string, double> seconds;
  Clock::time_point start;
  void before(Pass, const AnyOp&, const OpCall&) override { start = Clock::now(); }
  void after(Pass pass, const AnyOp& op, const OpCall&) override {
    seconds[std::string(op.name()) + (pass == Pass::forward ? " forward" : " backward")] += seconds_since(start);
  }
};

}  // namespace

int main(int argc, char** argv) {
  set_threads(argc > 1 ? std::atoi(argv[1]) : 2);
  const bool profiled = argc > 2 && std::strcmp(argv[2], "--profile") == 0;
  ParameterStore store;
  const models::Transformer net(store.root(), [] {
    models::TransformerSpec spec = models::transformer_small(kVocabulary);
    spec.attention_bias = true;  // as nn.Transformer
    return spec;
  }());
  store.commit({});
  optim::AdamW adam(store, {.beta2 = 0.997, .epsilon = 1e-9, .weight_decay = 0});
  const Batch source(kSource, 17), target(kTarget, 29);
  std::vector<std::int32_t> labels;
  Index words = 0;
  for (Index i = 0; i < kSentences * kTarget; ++i) {
    const bool real = i % kTarget < target.lengths[static_cast<std::size_t>(i / kTarget)];
    labels.push_back(real ? static_cast<std::int32_t>(i * 7 % kVocabulary) : -100);
    words += real;
  }
  std::vector<double> times, processor_times;
  Profile* profile = profiled ? new Profile : nullptr;
  for (Index step = 0; step < kSteps; ++step) {
    if (profile && step == 2) profile->seconds.clear();
    const Clock::time_point start = Clock::now();
    const std::clock_t processor_start = std::clock();
    Tape tape;
    const layers::RandomScope random_scope(Random(1, {static_cast<std::uint64_t>(step)}));
    tape.backward(softmax_cross_entropy(net(source, target), labels, {.smoothing = 0.1f}));
    const Clock::time_point adam_start = Clock::now();
    adam.step(1e-4f);
    if (profile) profile->seconds["adam"] += seconds_since(adam_start);
    if (step < 2) continue;
    times.push_back(seconds_since(start));
    processor_times.push_back(static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC);
  }
  for (std::vector<double>* list : {&times, &processor_times}) std::sort(list->begin(), list->end());
  std::printf("%.0f %.0f\n", static_cast<double>(words) / times[times.size() / 2],
              static_cast<double>(words) / processor_times[processor_times.size() / 2]);
  if (!profile) return 0;
  for (const auto& [name, seconds] : profile->seconds) std::fprintf(stderr, "%-32s %8.2f ms\n", name.c_str(), 1e3 * seconds / (kSteps - 2));
  delete profile;
}
