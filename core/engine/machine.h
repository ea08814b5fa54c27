// Describes the machine and the build that produced a result.
#pragma once

#include <cstddef>
#include <string>

namespace temper {

inline constexpr const char* kVersion = "0.2.0";

struct Machine {
  std::string cpu;       // "AMD EPYC ..."
  int cores = 0;         // available to this process
  std::string blas;      // OpenBLAS's version and kernel
  std::string compiler;  // of this library
};

Machine describe_machine();

// The number of cores that this process may run on, at least 1: those that taskset, mpirun or Slurm bound it to.
int usable_cores();

// The peak of this process's physical memory in bytes since its start or the last reset; 0 where the system does not report it. The reset
// needs Linux's /proc/self/clear_refs and does nothing without it.
std::size_t peak_memory();
void reset_peak_memory();

}  // namespace temper
