// temper: trains, calibrates and distils networks with reliable probabilities.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <thread>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/stop_signal.h"
#include "core/base/check.h"
#include "core/engine/gemm.h"
#include "core/engine/machine.h"

namespace {

constexpr int kFailed = 1, kUsage = 2;

// Every error is one line: "temper: error: <file or option>: <what is wrong>; <what to do>".
// Of several ranks that found the same at the same time, the first prints it and ends the others, which wait for that.
int report(std::string message, int code) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  for (int moment = 0; moment < 50 && !temper::app::is_first_rank(); ++moment) {
    if (temper::app::stop_signal() != 0) return code;  // stopped by the launcher
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  fmt::print(stderr, "temper: error: {}{}\n", temper::app::rank_prefix(), message);
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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{kAbout, "temper"};
  app.set_version_flag("--version", [] { return fmt::format("temper {}\n{}", temper::kVersion, temper::blas_description()); });
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  for (temper::app::AddCommand* const add : temper::app::kCommands) add(app);
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto named = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
  if (argc > 1 && argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), named)) {
    return report(fmt::format("{}: there is no such command; see temper --help", argv[1]), kUsage);
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return report(fmt::format("{}; see temper --help, or temper COMMAND --help", error.what()), kUsage);
  } catch (const temper::app::StoppedBySignal& stopped) {
    if (temper::app::is_first_rank()) fmt::print(stderr, "temper: {}\n", stopped.what());
    return 128 + stopped.signal;
  } catch (const temper::Error& error) {
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
