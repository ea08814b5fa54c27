// ResNet-20 trained here gives the same logits in PyTorch, and one trained there the same logits here, each taken over by `temper convert`.
// Runs where /usr/bin/python3 has torch.

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "core/base/check.h"
#include "core/base/file.h"
#include "data/loader.h"
#include "data/pytorch/state_dict.h"
#include "models/runs/image_run.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

const std::string kPython = "/usr/bin/python3 ";

// Runs a command in the folder; shows its output when it fails.
void run(const TemporaryFolder& folder, const std::string& command) {
  const std::string output = folder / "output";
  const bool passed = std::system(str_cat("cd ", folder.path(), " && ", command, " >", output, " 2>&1 </dev/null").c_str()) == 0;
  CAPTURE(command);
  CAPTURE(read_file(output));
  REQUIRE(passed);
}

constexpr Index kImages = 40;

// The first test images as the run's network sees them, and its logits of them, (N,K).
struct SeenByRun {
  Tensor images;  // (N,H,W,C)
  std::vector<float> logits;
};
SeenByRun look(const std::string& run_folder) {
  const runs::ImageRun run = runs::load_image_run(run_folder);
  std::vector<Index> first(kImages);
  for (Index i = 0; i < kImages; ++i) first[static_cast<std::size_t>(i)] = i;
  const data::Dataset set = data::digits().test.subset(first, "first");
  data::Loader loader(set, run.model.preprocessing, {.batch = kImages});
  SeenByRun seen{{}, models::predict(run.model, set).logits};
  for (const data::Batch& batch : loader.epoch(0)) seen.images = batch.images;
  return seen;
}

TensorFile in_axis_order_of_pytorch(const Tensor& images) {
  const Shape& s = images.shape();
  TensorFile::Entry entry{{s[0], s[3], s[1], s[2]}, {}};
  for (Index n = 0; n < s[0]; ++n) {
    for (Index c = 0; c < s[3]; ++c) {
      for (Index pixel = 0; pixel < s[1] * s[2]; ++pixel) {
        entry.values.push_back(images.values()[static_cast<std::size_t>((n * s[1] * s[2] + pixel) * s[3] + c)]);
      }
    }
  }
  return {{{"images", entry}}, {}};
}

void check_equal(const std::vector<float>& here, const std::string& there) {
  const std::vector<float> values = data::read_state_dict(there).tensors.at("logits").values;
  REQUIRE(values.size() == here.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    worst = std::max(worst, std::abs(double{values[i]} - here[i]));
    largest = std::max(largest, std::abs(double{values[i]}));
  }
  MESSAGE("largest logit ", largest, ", largest difference ", worst);
  CHECK(largest > 0.1);
  CHECK(worst < 1e-4);
}

TEST_CASE("pytorch exchange: ResNet-20 trained on either side has the same logits on the other, to 1e-4") {
  const TemporaryFolder folder;
  if (std::system(str_cat(kPython, "-c 'import torch' 2>/dev/null").c_str()) != 0) {
    MESSAGE("skipped: /usr/bin/python3 has no torch");
    return;
  }
  const std::string temper = TEMPER_PROGRAM " ";
  run(folder, temper + "train --data digits --model resnet20 --steps 30 --out trained");
  run(folder, temper + "convert trained --out temper.pt");
  const SeenByRun trained = look(folder / "trained");
  data::write_state_dict(folder / "images.pt", in_axis_order_of_pytorch(trained.images));

  run(folder, str_cat(kPython, TEMPER_SOURCE_DIR, "/tests/apps/temper/pytorch_exchange.py ", folder.path()));
  check_equal(trained.logits, folder / "temper_logits.pt");
  run(folder, temper + "convert pytorch.pt --model resnet20 --data digits --out taught");
  check_equal(look(folder / "taught").logits, folder / "pytorch_logits.pt");
}

}  // namespace
}  // namespace temper
