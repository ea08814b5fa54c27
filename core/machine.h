// The machine and the build that a result came from.
#pragma once

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

}  // namespace temper
