// Where the ranks of a job run, and whether they get in each other's way.
#pragma once

#include <string>
#include <vector>

#include "optim/communicator.h"

namespace temper::optim {

struct RankPlace {
  std::string host;
  std::vector<int> cores;  // that it may run on, by the numbers of the system
  int threads = 1;
  double gflops = 0;  // of a matrix product on them; 0: not measured
};

// The cores that this process may run on.
std::vector<int> allowed_cores();

// "0-3,8"
std::string core_ranges(const std::vector<int>& cores);

// Of all ranks, by rank, with what each has measured. All must call it.
std::vector<RankPlace> rank_places(Communicator& communicator, double gflops = 0);

// A sentence for each host on which ranks may run on the same cores, or have more threads than there are cores, with what to do.
std::vector<std::string> overlaps(const std::vector<RankPlace>& places);

}  // namespace temper::optim
