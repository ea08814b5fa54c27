#include "apps/temper/terminal/stop_signal.h"

#include <csignal>

namespace temper::app {
namespace {

volatile std::sig_atomic_t received = 0;

}  // namespace

void watch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { received = signal; };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) ::sigaction(signal, &action, nullptr);
  struct sigaction at_start {};
  if (::sigaction(SIGHUP, nullptr, &at_start) != 0 || at_start.sa_handler == SIG_IGN) return;
  action.sa_flags = SA_RESTART;  // a terminal that goes says so twice: by its shell and by the system
  ::sigaction(SIGHUP, &action, nullptr);
}

int stop_signal() { return received; }

}  // namespace temper::app
