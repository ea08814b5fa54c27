// A child process that runs this program again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace temper::reproduce {

class Process {
 public:
  // Starts `program` with arguments in a folder; its output goes to the file `log`, which is overwritten. Throws Error when it cannot be
  // started.
  Process(const std::string& program, const std::vector<std::string>& arguments, const std::string& folder, const std::string& log);
  Process(Process&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  Process& operator=(Process&& other) noexcept;
  ~Process();  // ends it, should it still run

  // The exit code, 128 + signal for one that a signal ended; nothing while it runs.
  std::optional<int> finished();
  // Asks it to end, which a training does with a checkpoint.
  void ask_to_stop() const;

 private:
  int id_ = 0;  // 0: none
};

// What a program said last in its log, without what all of temper's errors begin with; words where it said nothing.
std::string last_line(const std::string& log);

// The path of the program that runs.
std::string this_program();

}  // namespace temper::reproduce
