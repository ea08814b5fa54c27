// The machine and the build that a result came from.
#pragma once

#include <cstddef>
#include <string>

namespace temper {

inline constexpr const char* kVersion = "0.1.0";

struct Machine {
  std::string cpu;       // "AMD EPYC ..."
  int cores = 0;         // that this process may use
  std::string blas;      // OpenBLAS's version and kernel
  std::string compiler;  // of this library
};

Machine describe_machine();

// Cores that this process may run on, 1 or more: what taskset, mpirun or Slurm bound it to.
int usable_cores();

// The most physical memory that this process has held at once, in bytes, since its start or the last reset; 0 where the system does not
// say. The reset needs Linux's /proc/self/clear_refs; without it, it does nothing.
std::size_t peak_memory();
void reset_peak_memory();

}  // namespace temper
