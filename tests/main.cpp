// All tests. `temper_tests --grain=7` cuts every parallel loop into chunks of 7 elements or fewer, so that tests of small data run what
// large data run: partial sums, offsets of chunks, a shorter last chunk.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "core/engine/parallel.h"
#include "tests/check_op.h"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  std::optional<temper::ForcedGrain> forced;
  bool some = false;  // of the cases of a file
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i], name = option.substr(option.find_first_not_of('-'));
    if (name.starts_with("grain=")) forced.emplace(std::atoll(argv[i] + option.find('=') + 1));
    some = some || name.starts_with("tc=") || name.starts_with("test-case=");
  }
  const int failed = context.run();
  const std::string not_cut = some ? "" : temper::ops_not_cut();  // where cases are left out, so may be those of large shapes
  std::fputs(not_cut.c_str(), stderr);
  return failed != 0 || !not_cut.empty() ? 1 : 0;
}
