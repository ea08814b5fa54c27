#include "core/engine/machine.h"

#include <sched.h>

#include <fstream>
#include <locale>

#include "core/base/check.h"
#include "core/engine/gemm.h"

namespace temper {
namespace {

// The first "model name" of /proc/cpuinfo; ARM kernels give none.
std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

Machine describe_machine() {
  return {
    .cpu = cpu_name(), .cores = usable_cores(), .blas = blas_description(),
    .compiler = str_cat(
#if defined(__clang__)
        "clang ", __clang_version__
#else
        "g++ ", __VERSION__
#endif
    )
  };
}

std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  status.imbue(std::locale::classic());
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  return 0;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace temper
