// Ctrl-C, the end of a terminal, and the signal by which systems and clusters end a process: a training then keeps a checkpoint and ends.
#pragma once

#include <stdexcept>

namespace temper::app {

// From here on the first SIGINT, SIGTERM or SIGUSR1 (which mpirun and Slurm pass on) only sets stop_signal(); the second ends the process
// at once. So does SIGHUP, which a terminal sends that is closed, except that a second one changes nothing; where it was ignored when the
// program started, as by nohup, it stays so.
void watch_stop_signals();
int stop_signal();  // 0: none came

// Ends the program with exit code 128 + signal, as a shell reports a process that a signal ended, after one line with the message.
struct StoppedBySignal : std::runtime_error {
  StoppedBySignal(int signal, const std::string& message) : std::runtime_error(message), signal(signal) {}
  int signal;
};

}  // namespace temper::app
