#include "apps/temper/terminal/output.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "core/base/check.h"

namespace temper::app {
namespace {

bool pipes_end_processes = false;  // as they do unless the caller has turned it off

// A signal that a write sends is ignored from here on: the write says what is wrong. Returns whether it would have ended the process.
bool ignore(int signal) {
  struct sigaction before {};
  struct sigaction action {};
  action.sa_handler = SIG_IGN;
  return ::sigaction(signal, &action, &before) == 0 && before.sa_handler == SIG_DFL;
}

// Returns 0, or why not everything was written.
int write_all(int descriptor, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // another process has made it so
      struct pollfd ready {};
      ready.fd = descriptor;
      ready.events = POLLOUT;
      if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void check_written(int error) {
  if (error == 0) return;
  if (error == EPIPE && pipes_end_processes) throw NobodyReads();
  const char* advice = error == ENOSPC || error == EDQUOT || error == EFBIG ? "free some space and run again"
                       : error == EBADF                                     ? "it is closed; leave it open, or send it to a file"
                                                                            : "send it elsewhere";
  throw Error(str_cat("stdout: writing failed: ", std::strerror(error), "; ", advice));
}

// What others have left in the C library's buffer.
int flush_buffer() { return std::fflush(stdout) == 0 ? 0 : errno; }

}  // namespace

void open_standard_streams() {
  // Opened the wrong way round, they still say that they were closed when they are used. The lowest free number is the one that is closed.
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
  pipes_end_processes = ignore(SIGPIPE);
  ignore(SIGXFSZ);  // a limit on the size of files
}

void close_results() {
  check_written(flush_buffer());
  // Some file systems say at the end only that there was no room. A second number for the stream is enough to hear it.
  const int copy = ::dup(STDOUT_FILENO);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR) check_written(errno);
}

void print_json(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);  // a path may be no UTF-8
  for (std::size_t at = 0; (at = text.find('\x7f', at)) != text.npos;) text.replace(at, 1, "\\u007f");
  detail::write_result(printable(text) + '\n');  // beyond ASCII it writes as JSON does
}

namespace detail {

void write_result(std::string_view text) {
  check_written(flush_buffer());
  check_written(write_all(STDOUT_FILENO, text));
}

void write_note(std::string_view text) noexcept { write_all(STDERR_FILENO, text); }

}  // namespace detail

}  // namespace temper::app
