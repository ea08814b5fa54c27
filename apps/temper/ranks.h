// The processes that mpirun or Slurm started together.
#pragma once

#include <string>

#include "optim/communicator.h"

namespace temper::app {

// This process among its ranks; alone, unless a launcher started several. Joins them at the first call, and then takes for its threads the
// cores that it need not share. Throws Error where several were started and temper was built without MPI.
optim::Communicator& ranks();

// Whether a launcher says that this is the first of the ranks, or the only one: who prints what all would print.
bool is_first_rank();

// "rank 3 on node7: ", for errors; empty for a process alone.
std::string rank_prefix();

// From here on, when these processes are told to stop and one does not answer, as when the launcher ends all because that one died, a
// warning names it: the launcher will not wait for the timeout. One rank speaks, the first that is not silent.
void warn_of_silent_ranks();

// Before a process ends with an error: ends the other ranks too, which would wait for it in vain. What all ranks have found at the same
// time only the first gets to report.
void end_all_ranks(int exit_code);

}  // namespace temper::app
