#include "core/parallel.h"

#include <memory>
#include <mutex>

#include "core/denormals.h"
#include "core/machine.h"
#include "core/team.h"

namespace temper {
namespace {

std::mutex& team_mutex() {
  static std::mutex mutex;
  return mutex;
}

// set_threads replaces it; loops that run in the old one keep it alive until they end. Never destroyed: a thread may outlive main().
std::shared_ptr<Team>& team() {
  static auto* const current = new std::shared_ptr<Team>(std::make_shared<Team>(usable_cores()));
  return *current;
}

std::shared_ptr<Team> current_team() {
  const std::lock_guard lock(team_mutex());
  return team();
}

}  // namespace

int threads() { return current_team()->size(); }

void set_threads(int count) {
  TEMPER_CHECK(count >= 1 && count <= 1024, "threads: ", count, " is not in 1..1024; give a number of threads, best the number of cores");
  const std::lock_guard lock(team_mutex());
  if (team()->size() != count) team() = std::make_shared<Team>(count);
}

void parallel_for(Index count, Index grain, FunctionRef<void(Index begin, Index end)> body) {
  if (count <= 0) return;
  const Index chunks = (count + grain - 1) / grain;
  const auto run = [&](Index chunk) {
    const FlushDenormals flush;
    body(chunk * grain, std::min(count, (chunk + 1) * grain));
  };
  if (chunks == 1) return run(0);
  current_team()->run(chunks, run);
}

}  // namespace temper
