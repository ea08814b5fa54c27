// The processes that mpirun or Slurm started together.
#pragma once

#include <string>

#include "optim/distributed/communicator.h"

namespace temper::app {

// This process among its ranks; alone, unless a launcher started several. Joins them at the first call, and then takes for its threads the
// cores that it need not share. Throws Error where several were started and temper was built without MPI.
optim::Communicator& ranks();

// Returns true iff this is the first of the launcher's ranks, or the only one: the one that prints what all would print.
bool is_first_rank();

// "rank 3 on node7: ", for errors; empty for a process alone.
std::string rank_prefix();

// For a command that gains nothing from several ranks: returns whether this process does the work, which is the first or only one. That one
// warns when others were started. The others must do nothing.
bool works_alone(const char* command);

// Returns true iff Open MPI's mpirun started this process, be it alone.
bool started_by_mpirun();

// From here on, a warning names a rank that does not answer when these processes are told to stop, for example when the launcher ends all
// because that rank died: the launcher does not wait for the timeout. Only the first rank that is not silent prints it.
void warn_of_silent_ranks();

// Called before a process exits with an error: ends the other ranks too, which would wait for it forever. Only the first rank reports an
// error that all ranks found at the same time.
void end_all_ranks(int exit_code);

}  // namespace temper::app
