#include "apps/temper/terminal/data_loading.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/temper/terminal/console.h"

namespace temper::app {

data::Splits load_data(const std::string& spec, data::LoadOptions options) {
  const auto start = std::chrono::steady_clock::now();
  options.on_progress = [&](Index done, Index all) {
    show_stage(fmt::format("reading pictures: {} of {}  {}", grouped(done), grouped(all), eta(start, done, all)));
  };
  data::Splits splits = data::load(spec, options);
  if (splits.train.photos || splits.test.photos) clear_stage();
  if (const std::string left_out = data::describe(splits.train.skipped); !left_out.empty()) warn(str_cat(spec, ": left out ", left_out));
  return splits;
}

}  // namespace temper::app
