// Where the ranks of a job run, and whether they compete for cores.
#pragma once

#include <string>
#include <vector>

#include "optim/distributed/communicator.h"

namespace temper::optim {

struct RankPlace {
  std::string host;
  std::vector<int> cores;  // that it may run on, as the system numbers them
  int threads = 1;
  double gflops = 0;  // of a matrix product on them; 0: not measured
};

// The cores that this process may run on.
std::vector<int> allowed_cores();

// "0-3,8"
std::string core_ranges(const std::vector<int>& cores);

// The places of all ranks, in rank order, with what each has measured. All ranks must call it.
std::vector<RankPlace> rank_places(Communicator& communicator, double gflops = 0);

// A sentence for each host on which ranks may run on the same cores, or have more threads than there are cores, with what to do.
std::vector<std::string> overlaps(const std::vector<RankPlace>& places);

}  // namespace temper::optim
