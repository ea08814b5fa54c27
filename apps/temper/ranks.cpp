#include "apps/temper/ranks.h"

#include <fmt/format.h>
#include <sched.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "core/check.h"
#include "core/parallel.h"
#ifdef TEMPER_WITH_MPI
#include "optim/communicator_mpi.h"
#endif

namespace temper::app {
namespace {

// What Open MPI's mpirun and Slurm's srun tell the processes that they start; -1: nothing.
int said_by_launcher(const char* mpirun, const char* srun) {
  for (const char* name : {mpirun, srun}) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return -1;
}

// srun starts single programs, too: its word counts when it speaks of MPI.
int launched() {
  const bool by_mpirun = std::getenv("OMPI_COMM_WORLD_SIZE"), by_srun = std::getenv("PMIX_RANK") || std::getenv("PMI_RANK");
  return by_mpirun || by_srun ? said_by_launcher("OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS") : 1;
}

std::unique_ptr<optim::Communicator>& joined() {
  static std::unique_ptr<optim::Communicator> communicator;
  return communicator;
}

// The cores this process may run on, as text that two processes can compare.
std::string allowed_cores() {
  cpu_set_t set;
  std::string text;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &set)) text += fmt::format("{},", core);
  }
  return text;
}

// Ranks that may run on the same cores of the same machine share them.
void share_cores(optim::Communicator& communicator) {
  const std::string own = fmt::format("{} {}", communicator.host(communicator.rank()), allowed_cores());
  int sharing = 0;
  for (const std::string& other : optim::gather(communicator, own)) sharing += other == own;
  set_threads(std::max(1, threads() / sharing));
}

}  // namespace

optim::Communicator& ranks() {
  std::unique_ptr<optim::Communicator>& communicator = joined();
  if (communicator) return *communicator;
  if (launched() > 1) {
#ifdef TEMPER_WITH_MPI
    communicator = optim::join_mpi_ranks();
    share_cores(*communicator);
    return *communicator;
#else
    throw Error("MPI: this temper was built without it; install libopenmpi-dev and build it again, or start it without mpirun");
#endif
  }
  communicator = std::make_unique<optim::Alone>();
  return *communicator;
}

bool is_first_rank() { return joined() ? joined()->rank() == 0 : said_by_launcher("OMPI_COMM_WORLD_RANK", "PMIX_RANK") <= 0; }

std::string rank_prefix() {
  const auto& communicator = joined();
  if (!communicator || communicator->size() == 1) return "";
  return fmt::format("rank {} on {}: ", communicator->rank(), communicator->host(communicator->rank()));
}

void end_all_ranks([[maybe_unused]] int exit_code) {
#ifdef TEMPER_WITH_MPI
  if (joined() && joined()->size() > 1) optim::abort_mpi_ranks(exit_code);
#endif
}

}  // namespace temper::app
