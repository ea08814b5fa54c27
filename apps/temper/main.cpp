// temper: trains, calibrates and distils networks with reliable probabilities.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <filesystem>
#include <sstream>
#include <thread>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/stop_signal.h"
#include "apps/temper/terminal/unknown_option.h"
#include "core/base/check.h"
#include "core/base/names.h"
#include "core/engine/gemm.h"
#include "core/engine/machine.h"

namespace {

using temper::Error;

constexpr int kFailed = 1, kUsage = 2;

// Every error is one line: "temper: error: <file or option>: <what is wrong>; <what to do>".
// Of several ranks that found the same at the same time, the first prints it and ends the others, which wait for that.
int report(const std::string& message, int code) {
  for (int moment = 0; moment < 50 && !temper::app::is_first_rank(); ++moment) {
    if (temper::app::stop_signal() != 0) return code;  // stopped by the launcher
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  temper::app::note("temper: error: {}{}\n", temper::app::rank_prefix(), message);
  temper::app::end_all_ranks(code);
  return code;
}

constexpr auto kAbout =
    "temper trains, calibrates and distils networks with reliable probabilities, on CPUs: label smoothing,\n"
    "temperature scaling and distillation, end to end.\n\n"
    "First steps (the digits data are inside the program):\n"
    "  temper train --data digits --model cnn --smoothing 0.1 --out runs/smooth\n"
    "  temper calibrate runs/smooth\n"
    "  temper distill --teacher runs/smooth --model mlp --out runs/student\n"
    "  temper report runs/smooth runs/student";

// What is wrong with a command line that CLI11 refused.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const std::string unknown = temper::app::describe_unknown_option(app, {argv + 1, argv + argc});
  if (!unknown.empty()) return unknown;
  const std::string message = error.what();
  return message.starts_with("--") && message.find("; ") != message.npos ? message
                                                                         : message + "; see temper --help, or temper COMMAND --help";
}

// Reads the command line and does what it says. Returns the exit code.
int run(int argc, char** argv) {
  CLI::App app{kAbout, "temper"};
  app.set_version_flag("--version", [] { return fmt::format("temper {}\n{}", temper::kVersion, temper::blas_description()); });
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  for (temper::app::AddCommand* const add : temper::app::kCommands) add(app);
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto named = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), named)) {
    const auto name = [](const CLI::App* command) { return command->get_name(); };
    return report(fmt::format("{}: there is no such command; {}see temper --help", argv[1], temper::did_you_mean(argv[1], commands, name)),
                  kUsage);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) return report(usage_error(app, error, argc, argv), kUsage);
    std::ostringstream help;  // or the version
    app.exit(error, help, help);
    temper::app::print("{}", temper::app::Lines{help.str()});
  }
  temper::app::close_results();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  temper::app::open_standard_streams();
  try {
    return run(argc, argv);
  } catch (const temper::app::NobodyReads&) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
    return 128 + SIGPIPE;
  } catch (const temper::app::StoppedBySignal& stopped) {
    if (temper::app::is_first_rank()) temper::app::note("temper: {}\n", stopped.what());
    return 128 + stopped.signal;
  } catch (const Error& error) {
    const std::string message = error.what();
    return report(message, message.starts_with("--") ? kUsage : kFailed);
  } catch (const std::bad_alloc&) {
    return report("memory: the system has none left; use a smaller --batch or model", kFailed);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(fmt::format("{}: {}; check the path", error.path1().string(), error.code().message()), kFailed);
  } catch (const std::exception& error) {
    return report(error.what(), kFailed);
  }
}
