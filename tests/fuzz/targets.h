// The readers of files, as the fuzzers see them: bytes in, and either they are accepted, or refused with a temper::Error.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace temper::fuzz {

struct Target {
  std::string_view name;
  // Files to begin with, besides those of tests/fuzz/corpus/NAME: paths from the root of the source, of which some are accepted.
  std::vector<std::string> files;
  // Reads the bytes. Those that want a file write them into `folder`, which is there, first. Aborts where what was read contradicts itself.
  std::function<void(std::string_view bytes, const std::string& folder)> read;
  // Makes the checksums of damaged bytes right, so that what lies behind them is reached.
  std::function<std::string(std::string)> repair = [](std::string bytes) { return bytes; };
  // Files that are too large for the repository.
  std::function<std::vector<std::string>()> seeds = [] { return std::vector<std::string>(); };
};

std::span<const Target> targets();

}  // namespace temper::fuzz
