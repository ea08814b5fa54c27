#include "models/runs/step_log.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
namespace {

training::Progress at(Index step) {
  return {.epoch = 1 + step / 10, .step = step, .loss = 0.5, .learning_rate = 0.25, .gradient_norm = 2, .samples = 8 * step};
}

// Without the speed, which no two runs share.
std::string without_speed(const std::string& text) {
  std::string kept;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    kept += text.substr(begin, text.rfind(',', end) - begin) + "\n";
    begin = end + 1;
  }
  return kept;
}

TEST_CASE("step log: a line every few steps, and a resume cuts it to its checkpoint") {
  const TemporaryFolder folder;
  const std::string file = folder / kStepLog;
  {
    StepLog log(folder.path(), 3, "images", 0);
    for (Index step = 1; step <= 10; ++step) log.step(at(step));
    CHECK(read_file(file).find("\n9,1,0.5,0.25,2,") != std::string::npos);  // there as it runs
  }
  CHECK(read_file(file).starts_with("step,epoch,loss,lr,gradient_norm,images_per_second\n"));
  CHECK(without_speed(read_file(file)) == "step,epoch,loss,lr,gradient_norm\n3,1,0.5,0.25,2\n6,1,0.5,0.25,2\n9,1,0.5,0.25,2\n");
  write_file(file, read_file(file) + "12,2,0.5");  // killed as it wrote
  {
    StepLog log(folder.path(), 2, "images", 7);
    for (Index step = 8; step <= 11; ++step) log.step(at(step));
  }
  CHECK(without_speed(read_file(file)) ==
        "step,epoch,loss,lr,gradient_norm\n3,1,0.5,0.25,2\n6,1,0.5,0.25,2\n8,1,0.5,0.25,2\n10,2,0.5,0.25,2\n");
  std::filesystem::remove(file);
  { StepLog log(folder.path(), 2, "words", 7); }  // asked for as the run is resumed
  CHECK(read_file(file) == "step,epoch,loss,lr,gradient_norm,words_per_second\n");
  { StepLog log(folder.path(), 2, "words", 0); }
  CHECK_THROWS_AS(StepLog(folder / "none", 1, "images", 0), Error);
}

}  // namespace
}  // namespace temper::runs
