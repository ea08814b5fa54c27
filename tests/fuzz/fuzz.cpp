// Damaged files for every reader of files (targets.cpp): each input must end in what was read or in a temper::Error, never in a crash, a
// hang, or memory for what is not there.
//
//   fuzz SECONDS [TARGET]       by itself: files of the corpus, changed at random; any compiler, sanitizers as built
//     --inputs N                so many inputs in all, instead of seconds
//     --seed N                  other changes; 1 if not given
//     --time SECONDS            for one input; 5 if not given
//     --memory MIB              for the process; 1024 if not given. 0: no limit
//     --corpus FOLDER           more files to begin with
//     --file FILE               reads this one alone
//
// With clang's libFuzzer instead, built with -DTEMPER_LIBFUZZER -fsanitize=fuzzer: TEMPER_FUZZ_TARGET names the target.
//
// Each target runs in a process of its own. One that dies or stops leaves its input in fuzz-TARGET.input.

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/random.h"
#include "tests/fuzz/targets.h"
#include "tests/temporary_folder.h"

namespace {

using namespace temper;
using fuzz::Target;

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(fuzz::targets(), name, &Target::name);
  return found == fuzz::targets().end() ? nullptr : &*found;
}

// Whether the bytes are accepted.
bool accepts(const Target& target, std::string_view bytes, const std::string& folder) {
  try {
    target.read(bytes, folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
#define TEMPER_WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEMPER_WITH_ASAN
#endif
#endif

#ifdef TEMPER_WITH_ASAN
// Its own memory would break a limit of addresses; what it frees would be counted.
extern "C" const char* __asan_default_options() {
  return "hard_rss_limit_mb=1024:max_allocation_size_mb=1024:quarantine_size_mb=16:allocator_release_to_os_interval_ms=100:detect_leaks=0";
}
#endif

#ifdef TEMPER_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const TemporaryFolder folder;
  static const char* const name = std::getenv("TEMPER_FUZZ_TARGET");
  static const Target* const target = find_target(name != nullptr ? name : "");
  if (target == nullptr) {
    std::fprintf(stderr, "fuzz: TEMPER_FUZZ_TARGET names no target\n");
    std::exit(1);
  }
  accepts(*target, target->repair({reinterpret_cast<const char*>(bytes), size}), folder.path());
  return 0;
}

#else

namespace {

struct Options {
  double seconds = 60;
  std::uint64_t inputs = 0, seed = 1;
  int time = 5, memory = 1024;
  std::string target, corpus, file;
};

constexpr std::size_t kLongestInput = 1 << 20;

// What a process at work tells the one that waits for it.
struct Progress {
  std::uint64_t inputs, accepted, size;
  char input[kLongestInput];
};

std::vector<std::string> starting_files(const Target& target, const Options& options) {
  const std::string root = std::string(TEMPER_SOURCE_DIR) + "/";
  std::vector<std::string> files = target.seeds();
  for (const std::string& path : target.files) files.push_back(read_file(root + path));
  std::vector<std::string> paths;
  for (const std::string& folder : {root + "tests/fuzz/corpus/" + std::string(target.name), options.corpus}) {
    std::error_code absent;
    for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);  // the same inputs on every file system
  for (const std::string& path : paths) files.push_back(read_file(path));
  return files;
}

// One to eight changes: bits, bytes, numbers that tend to hurt, pieces cut, doubled or taken from another file.
std::string changed(std::string bytes, const std::vector<std::string>& all, const Random& random) {
  using namespace std::string_view_literals;
  static constexpr std::string_view kHurting[] = {"\xff\xff\xff\xff"sv,
                                                  "\x80"sv,
                                                  "\0\0\0\0"sv,
                                                  "\0"sv,
                                                  "\x7f\xff\xff\xff"sv,
                                                  "\xff\xd9"sv,
                                                  "[["sv,
                                                  "{\""sv,
                                                  "\\u0000",
                                                  "18446744073709551615"sv,
                                                  "-1"sv,
                                                  "("sv,
                                                  "}"sv,
                                                  "'"sv,
                                                  "\""sv,
                                                  "\n"sv,
                                                  "\r"sv,
                                                  ","sv,
                                                  "e999"sv,
                                                  "1e-999"sv,
                                                  "nan"sv};
  std::uint64_t draw = 0;
  const auto below = [&](std::size_t n) {
    return std::size_t{random.below(draw++, static_cast<std::uint32_t>(std::max<std::size_t>(n, 1)))};
  };
  for (std::size_t change = below(8) + 1; change-- > 0;) {
    const std::size_t at = below(bytes.size() + 1), count = below(16);
    const std::string& other = all[below(all.size())];
    switch (below(8)) {
      case 0:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 1:
        if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
        break;
      case 2:
        bytes.insert(at, kHurting[below(std::size(kHurting))]);
        break;
      case 3: {
        const std::string_view hurting = kHurting[below(std::size(kHurting))];
        bytes.replace(at, hurting.size(), hurting);
        break;
      }
      case 4:
        bytes.erase(at, below(4) == 0 ? below(bytes.size() + 1) : count);
        break;
      case 5: {  // once, or so often that what grows faster than the input shows
        const std::string piece = bytes.substr(at, count);
        for (std::size_t times = below(8) == 0 ? below(2000) : 1; times-- > 0;) bytes.insert(at, piece);
        break;
      }
      default:
        bytes.replace(at, count, other.substr(below(other.size() + 1), count));
    }
  }
  bytes.resize(std::min(bytes.size(), kLongestInput));
  return bytes;
}

void limit_memory([[maybe_unused]] int mebibytes) {
#ifndef TEMPER_WITH_ASAN
  if (mebibytes == 0) return;
  const rlim_t bytes = static_cast<rlim_t>(mebibytes) << 20;
  const rlimit limit{bytes, bytes};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

void limit_time(int seconds) {
  const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = seconds, .tv_usec = 0}};
  setitimer(ITIMER_REAL, &timer, nullptr);  // its signal ends the process
}

// The work on one target, in a process of its own. Returns the exit code.
int work(const Target& target, const Options& options, double seconds, std::uint64_t inputs, const std::string& folder,
         Progress& progress) {
  limit_memory(options.memory);
  const std::vector<std::string> files = starting_files(target, options);
  const auto try_input = [&](const std::string& input) {
    progress.size = input.size();
    std::memcpy(progress.input, input.data(), input.size());
    limit_time(options.time);
    const bool accepted = accepts(target, input, folder);
    limit_time(0);
    ++progress.inputs;
    progress.accepted += accepted ? 1 : 0;
  };
  try {
    if (!options.file.empty()) return try_input(read_file(options.file).substr(0, kLongestInput)), 0;
    for (const std::string& file : files) try_input(file);
    if (progress.accepted == 0) {
      std::fprintf(stderr, "fuzz: %.*s: none of %zu whole files is accepted\n", static_cast<int>(target.name.size()), target.name.data(),
                   files.size());
      return 2;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    for (std::uint64_t i = 0; inputs > 0 ? i < inputs : std::chrono::steady_clock::now() < end; ++i)
      try_input(target.repair(changed(files[i % files.size()], files, Random(options.seed, {i}))));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz: %.*s: ended in %s\n", static_cast<int>(target.name.size()), target.name.data(), error.what());
    return 1;
  }
}

// Runs a target and says how it went; false when an input did what it must not.
bool run(const Target& target, const Options& options, double seconds, std::uint64_t inputs) {
  void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return std::perror("fuzz: mmap"), false;
  auto& progress = *static_cast<Progress*>(shared);
  const std::string name(target.name);
  const TemporaryFolder folder;
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) _exit(work(target, options, seconds, inputs, folder.path(), progress));
  int status = 0;
  waitpid(child, &status, 0);
  const bool fine = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  std::printf("%-12s %9llu inputs, %llu accepted\n", name.c_str(), static_cast<unsigned long long>(progress.inputs),
              static_cast<unsigned long long>(progress.accepted));
  if (!fine && !(WIFEXITED(status) && WEXITSTATUS(status) == 2)) {
    const std::string path = "fuzz-" + name + ".input";
    write_file(path, {progress.input, static_cast<std::size_t>(progress.size)});
    std::string how = "exit code " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    if (WIFSIGNALED(status)) how = WTERMSIG(status) == SIGALRM ? "more than the time for an input" : strsignal(WTERMSIG(status));
    std::printf("%s: failed: %s; see it again with: fuzz --file %s %s\n", name.c_str(), how.c_str(), path.c_str(), name.c_str());
  }
  std::fflush(stdout);
  munmap(shared, sizeof(Progress));
  return fine;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (word.starts_with("--")) ++i;
    if (word == "--inputs") {
      options.inputs = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word == "--seed") {
      options.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (word == "--time") {
      options.time = std::atoi(value.c_str());
    } else if (word == "--memory") {
      options.memory = std::atoi(value.c_str());
    } else if (word == "--corpus") {
      options.corpus = value;
    } else if (word == "--file") {
      options.file = value;
    } else if (find_target(word) != nullptr) {
      options.target = word;
    } else if (word.find_first_not_of("0123456789.") == std::string::npos) {
      options.seconds = std::atof(word.c_str());
    } else {
      std::fprintf(stderr,
                   "usage: fuzz [SECONDS] [TARGET] [--inputs N] [--seed N] [--time SECONDS] [--memory MIB] [--corpus FOLDER] "
                   "[--file FILE]\ntargets:");
      for (const Target& target : fuzz::targets()) std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
      std::fprintf(stderr, "\n");
      return 2;
    }
  }
  // Files that are written again and again: many times as fast in memory as on some disks.
  if (std::filesystem::exists("/dev/shm")) setenv("TMPDIR", "/dev/shm", 0);
  const std::size_t count = options.target.empty() ? fuzz::targets().size() : 1;
  bool fine = true;
  for (const Target& target : fuzz::targets()) {
    if (!options.target.empty() && target.name != options.target) continue;
    fine = run(target, options, options.seconds / static_cast<double>(count), (options.inputs + count - 1) / count) && fine;
  }
  return fine ? 0 : 1;
}

#endif
