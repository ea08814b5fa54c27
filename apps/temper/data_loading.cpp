#include "apps/temper/data_loading.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/temper/console.h"

namespace temper::app {

data::Splits load_data(const std::string& spec, data::LoadOptions options) {
  const auto start = std::chrono::steady_clock::now();
  options.on_progress = [&](Index done, Index all) {
    show_stage(fmt::format("reading pictures: {} of {}  {}", grouped(done), grouped(all), eta(start, done, all)));
  };
  data::Splits splits = data::load(spec, options);
  if (splits.train.photos || splits.test.photos) clear_stage();
  if (const std::string left_out = describe(splits.train.skipped); !left_out.empty()) warn(concat(spec, ": left out ", left_out));
  return splits;
}

data::LoadOptions options_of(const training::LoadedRun& run) {
  return {.held_out = run.val_size,
          .framing = run.model.framing,
          .class_names = run.model.class_names,
          .skip_damaged = run.skip_damaged,
          .with_train = false};
}

std::string describe(const data::SkippedFiles& skipped) {
  std::string text;
  const auto add = [&](Index count, const char* what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", grouped(count), what);
  };
  add(skipped.hidden, "hidden");
  add(skipped.foreign, "that are no pictures");
  add(skipped.outside, "in no class folder");
  add(skipped.links, "broken or circular links");
  if (!skipped.example.empty()) text += fmt::format(" (such as {})", skipped.example);
  add(static_cast<Index>(skipped.damaged.size()), "damaged pictures");
  if (!skipped.damaged.empty()) text += fmt::format(" (the first: {})", skipped.damaged.front());
  return text;
}

}  // namespace temper::app
