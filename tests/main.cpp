#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "tests/check_op.h"

int main(int argc, char** argv) {
  doctest::Context context(argc, argv);
  const int failed = context.run();
  // Where some cases of a file are left out, so may be those with the large shapes.
  const bool some =
      std::any_of(argv + 1, argv + argc, [](std::string_view option) { return option.find("tc") < 3 || option.find("test-case") < 3; });
  const std::string not_cut = some ? "" : temper::ops_not_cut();
  std::fputs(not_cut.c_str(), stderr);
  return failed != 0 || !not_cut.empty() ? 1 : 0;
}
