#include "optim/distributed/rank_places.h"

#include <sched.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/check.h"
#include "core/base/json.h"
#include "core/engine/parallel.h"

namespace temper::optim {

std::vector<int> allowed_cores() {
  constexpr int kMostCores = 1 << 14;  // of one machine
  cpu_set_t* const set = CPU_ALLOC(kMostCores);
  const std::size_t bytes = CPU_ALLOC_SIZE(kMostCores);
  CPU_ZERO_S(bytes, set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, bytes, set) == 0) {
    for (int core = 0; core < kMostCores; ++core) {
      if (CPU_ISSET_S(static_cast<std::size_t>(core), bytes, set)) cores.push_back(core);
    }
  }
  CPU_FREE(set);
  return cores;
}

std::string core_ranges(const std::vector<int>& cores) {
  std::string text;
  for (std::size_t i = 0; i < cores.size();) {
    std::size_t end = i + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    text += str_cat(text.empty() ? "" : ",", cores[i]);
    if (end - i > 1) text += str_cat("-", cores[end - 1]);
    i = end;
  }
  return text;
}

std::vector<RankPlace> rank_places(Communicator& communicator, double gflops) {
  const Json own{{"host", communicator.host(communicator.rank())}, {"cores", allowed_cores()}, {"threads", threads()}, {"gflops", gflops}};
  std::vector<RankPlace> places;
  for (const std::string& text : all_gather(communicator, own.dump())) {
    const Json place = Json::parse(text);
    places.push_back({.host = place.at("host"), .cores = place.at("cores"), .threads = place.at("threads"), .gflops = place.at("gflops")});
  }
  return places;
}

std::vector<std::string> overlaps(const std::vector<RankPlace>& places) {
  struct Host {
    std::map<int, int> ranks_on;  // by core
    int ranks = 0, threads = 0;
  };
  std::map<std::string, Host> hosts;
  for (const RankPlace& place : places) {
    Host& host = hosts[place.host];
    ++host.ranks;
    host.threads += place.threads;
    for (const int core : place.cores) ++host.ranks_on[core];
  }
  std::vector<std::string> warnings;
  for (const auto& [name, host] : hosts) {
    std::vector<int> shared;
    for (const auto& [core, ranks] : host.ranks_on) {
      if (ranks > 1) shared.push_back(core);
    }
    const auto cores = static_cast<int>(host.ranks_on.size());
    if (host.threads > cores) {
      warnings.push_back(str_cat(name, ": ", host.threads, " threads of ", host.ranks, " ranks on ", cores,
                                 " cores; start fewer ranks there, or bind fewer cores to each"));
    } else if (!shared.empty()) {
      warnings.push_back(str_cat(name, ": several ranks may run on cores ", core_ranges(shared),
                                 "; give each its own: mpirun --map-by slot:PE=", std::max(1, cores / host.ranks), " --bind-to core"));
    }
  }
  return warnings;
}

}  // namespace temper::optim
