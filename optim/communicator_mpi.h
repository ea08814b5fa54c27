// The ranks that mpirun or Slurm started. The one file behind it sees mpi.h; it is a library of its own, temper_mpi, for who wants it.
#pragma once

#include <memory>

#include "optim/communicator.h"

namespace temper::optim {

// Joins the other ranks; at most once a process. The thread that calls must be the one that communicates. MPI ends with the object.
std::unique_ptr<Communicator> join_mpi_ranks();

// Ends all ranks at once, this one with the exit code: for an error on one, which the others would wait for in vain. Only between
// join_mpi_ranks() and the end of its object; else it returns.
void abort_mpi_ranks(int exit_code);

}  // namespace temper::optim
