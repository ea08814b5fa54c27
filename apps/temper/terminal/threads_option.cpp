#include "apps/temper/terminal/threads_option.h"

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/ranks.h"
#include "core/engine/parallel.h"

namespace temper::app {

void add_threads_option(CLI::App& command) {
  command
      .add_option_function<int>(
          "--threads",
          [](int threads) {
            ranks();  // joined, they share the cores: what is said here comes after that
            with_option_context("--threads", [&] { set_threads(threads); });
          },
          "Threads to compute on; results are the same for any number (default: all cores)")
      ->type_name("N");
}

}  // namespace temper::app
