// The ranks that mpirun or Slurm started. Its source is the only file that includes mpi.h, and is built as a library of its own,
// temper_mpi.
#pragma once

#include <memory>

#include "optim/distributed/communicator.h"

namespace temper::optim {

// Joins the other ranks; at most once in a process. The calling thread must be the one that communicates. The destructor finalises MPI.
std::unique_ptr<Communicator> join_mpi_ranks();

// Ends all ranks at once, this one with the exit code: for an error on one rank, for which the others would wait forever. Returns, without
// effect, before join_mpi_ranks() and after the destruction of its object.
void abort_mpi_ranks(int exit_code);

}  // namespace temper::optim
