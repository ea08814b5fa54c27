#include "core/base/file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "core/base/check.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

std::size_t entries(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

TEST_CASE("file: written whole, replaced whole, read whole") {
  const TemporaryFolder folder;
  const std::string path = folder / "a b \xC3\xBC";
  write_file(path, "one");
  const std::string big(1'000'000, 'x');
  const std::string_view parts[] = {"two", big, ""};
  write_file(path, parts);
  CHECK(read_file(path) == "two" + big);
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("file: what cannot be read or written is named") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(read_file(folder / "missing"), doctest::Contains("missing: opening failed: No such file"), Error);
  CHECK_THROWS_WITH_AS(read_file(folder.path()), doctest::Contains("it is a folder"), Error);
  CHECK_THROWS_WITH_AS(write_file(folder / "no/such/folder", "x"), doctest::Contains("No such file"), Error);
  std::filesystem::create_directory(folder / "target");
  CHECK_THROWS_AS(write_file(folder / "target", "x"), Error);
  CHECK(entries(folder.path()) == 1);
}

// Case 26: the disk is full in the middle; a limit on the size of files stands in for it.
TEST_CASE("file: a full disk leaves the old file and no litter") {
  const TemporaryFolder folder;
  const std::string path = folder / "weights";
  write_file(path, "old");
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1 << 16;
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  CHECK_THROWS_AS(write_file(path, std::string(1 << 20, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  CHECK(read_file(path) == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("file: what a writer that is gone left half-written goes when the file is written again, and nothing else") {
  const TemporaryFolder folder;
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ::waitpid(gone, nullptr, 0);
  const std::vector<std::string> others{folder / str_cat("a.writing.", ::getppid()), folder / str_cat("b.writing.", gone),
                                        folder / "a.writing.x", folder / "a.writing."};
  for (const std::string& other : others) std::ofstream(other) << "x";
  std::ofstream(folder / str_cat("a.writing.", gone)) << "x";
  write_file(folder / "a", "whole");
  CHECK(entries(folder.path()) == 5);
  for (const std::string& other : others) CHECK(std::filesystem::exists(other));
}

}  // namespace
}  // namespace temper
