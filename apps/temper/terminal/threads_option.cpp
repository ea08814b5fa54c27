#include "apps/temper/terminal/threads_option.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <locale>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/number_text.h"
#include "core/engine/machine.h"
#include "core/engine/parallel.h"

namespace temper::app {
namespace {

// The processor time that the control group of this process may use, in cores; infinity where it is not limited. Of version 2 of the
// groups, which containers and systemd use: "max 100000" or "50000 100000", microseconds in a period.
double quota_of_group() {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string group = line.substr(3);; group.resize(group.rfind('/'))) {  // those above it limit it, too
      std::ifstream file("/sys/fs/cgroup" + group + "/cpu.max");
      file.imbue(std::locale::classic());
      double quota = 0, period = 0;
      if (file >> quota >> period && quota > 0 && period > 0) least = std::min(least, quota / period);
      if (group.empty()) break;
    }
  }
  return least;
}

}  // namespace

void use_threads(int count) {
  with_option_context("--threads", [&] { set_threads(count); });
  const int cores = usable_cores();
  const double quota = std::ceil(quota_of_group());
  if (count <= cores && count <= quota) return;
  const auto usable = quota < cores ? static_cast<Index>(quota) : Index{cores};
  warn(str_cat("--threads: ", counted(count, "thread"), " on ", counted(usable, "core"),
               " that this process may use: they take turns, which is slower than ", counted(usable, "thread"),
               started_by_mpirun() ? "; mpirun --bind-to none gives it all cores" : ""));
}

void add_threads_option(CLI::App& command, Ranks together) {
  command
      .add_option_function<int>(
          "--threads",
          [together](int threads) {
            if (together == Ranks::together) ranks();  // joined, they share the cores: what is said here comes after that
            use_threads(threads);
          },
          "Threads to compute on; results are the same for any number (default: all cores)")
      ->type_name("N");
}

}  // namespace temper::app
