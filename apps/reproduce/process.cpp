#include "apps/reproduce/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"

namespace temper::reproduce {
namespace {

constexpr int kNotStarted = 127;

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

// In the child, between fork and exec: nothing here allocates.
[[noreturn]] void become(const char* program, char* const* arguments, const char* folder, const char* log) {
  const int output = ::open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  // A group of its own: Ctrl-C is for the parent, which then asks.
  const bool ready = output >= 0 && input >= 0 && ::dup2(input, 0) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2 &&
                     ::chdir(folder) == 0 && ::setpgid(0, 0) == 0;
  if (ready) ::execv(program, arguments);
  ::_exit(kNotStarted);
}

}  // namespace

Process::Process(const std::string& program, const std::vector<std::string>& arguments, const std::string& folder, const std::string& log) {
  std::vector<std::string> all{program};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : all) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  id_ = ::fork();
  if (id_ == 0) become(program.c_str(), pointers.data(), folder.c_str(), log.c_str());
  TEMPER_CHECK(id_ > 0, program, ": it cannot be started: ", std::strerror(errno), "; end other programs, or lower --jobs");
}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(id_, other.id_);
  return *this;
}

Process::~Process() {
  if (id_ == 0) return;
  ::kill(id_, SIGTERM);
  while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) {}
}

std::optional<int> Process::finished() {
  int status = 0;
  if (id_ == 0 || ::waitpid(id_, &status, WNOHANG) != id_) return std::nullopt;
  id_ = 0;
  return exit_code(status);
}

void Process::ask_to_stop() const {
  if (id_ != 0) ::kill(id_, SIGTERM);
}

std::string last_line(const std::string& log) {
  std::string text = std::filesystem::exists(log) ? read_file(log) : "";
  text.erase(text.find_last_not_of(" \n\r") + 1);
  const std::string line = text.substr(text.find_last_of("\n\r") + 1);
  constexpr std::string_view kError = "temper: error: ";
  return line.starts_with(kError) ? line.substr(kError.size()) : line.empty() ? "it ended without a word" : line;
}

std::string this_program() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  TEMPER_CHECK(!error, "/proc/self/exe: it cannot be read: ", error.message(), "; mount /proc");
  return path.string();
}

}  // namespace temper::reproduce
