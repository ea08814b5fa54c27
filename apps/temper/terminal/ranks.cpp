#include "apps/temper/terminal/ranks.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/stop_signal.h"
#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "optim/distributed/rank_places.h"
#ifdef TEMPER_WITH_MPI
#include "optim/distributed/communicator_mpi.h"
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

// Ranks that may run on the same cores of the same machine share them.
void share_cores(optim::Communicator& communicator) {
  const std::string own = fmt::format("{} {}", communicator.host(communicator.rank()), optim::core_ranges(optim::allowed_cores()));
  int sharing = 0;
  for (const std::string& other : optim::all_gather(communicator, own)) sharing += other == own;
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
  communicator = std::make_unique<optim::SingleProcess>();
  return *communicator;
}

bool is_first_rank() { return joined() ? joined()->rank() == 0 : said_by_launcher("OMPI_COMM_WORLD_RANK", "PMIX_RANK") <= 0; }

std::string rank_prefix() {
  const auto& communicator = joined();
  if (!communicator && launched() > 1) {
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return fmt::format("rank {} on {}: ", said_by_launcher("OMPI_COMM_WORLD_RANK", "PMIX_RANK"), host);
  }
  if (!communicator || communicator->size() == 1) return "";
  return fmt::format("rank {} on {}: ", communicator->rank(), communicator->host(communicator->rank()));
}

bool started_by_mpirun() { return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr; }

bool works_alone(const char* command) {
  if (!is_first_rank()) return false;
  if (launched() > 1)
    note("temper: warning: {} works on one rank, the first; the others do nothing, start it without mpirun or srun\n", command);
  return true;
}

void warn_of_silent_ranks() {
  optim::Communicator& communicator = ranks();
  communicator.on_silence = [&communicator, told = false](const std::vector<int>& silent) mutable {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    // Silent ranks are in order: where all before this one are, they come first.
    const bool first_awake = silent.size() >= rank && (rank == 0 || silent[rank - 1] == communicator.rank() - 1);
    if (stop_signal() == 0 || silent.empty() || told || !first_awake) return;
    told = true;
    note(
        "temper: warning: {}told to stop, but rank {} on {} does not answer; if no checkpoint can be written, --resume continues from "
        "the one before\n",
        rank_prefix(), silent.front(), communicator.host(silent.front()));
  };
}

void end_all_ranks([[maybe_unused]] int exit_code) {
#ifdef TEMPER_WITH_MPI
  if (joined() && joined()->size() > 1) optim::abort_mpi_ranks(exit_code);
#endif
}

}  // namespace temper::app
