// Sweeps, and settings that do not go together, as a script sees them.

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "models/runs/run_file.h"
#include "tests/apps/temper/program.h"
#include "tests/contains.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

const std::string kQuick = "train --data digits --model mlp-8 --epochs 1 ";

TEST_CASE("sweep command: a grid is trained, a run that fails is named and the others go on, and eval, calibrate and report take it") {
  const TemporaryFolder folder;
  const Json json = json_of(folder.path(), kQuick + "--smoothing 0,0.10 --seeds 1..2 --jobs 2 --out grid");
  REQUIRE(json.at("runs").size() == 4);
  CHECK(json.at("runs")[1].at("out") == "grid/smoothing0-seed2");
  CHECK(json.at("runs")[2].at("settings").at("smoothing") == "0.1");
  const runs::Run run = runs::read_run(folder / "grid/smoothing0.1-seed2");
  CHECK(run.recipe.smoothing == 0.1f);
  CHECK(run.recipe.seed == 2);
  CHECK(json_of(folder.path(), kQuick + "--smoothing 0.1 --seed 2 --out alone").at("nll") ==
        json.at("runs")[3].at("test").at("nll"));  // the same bits
  CHECK(temper_program(folder.path(), "calibrate grid").code == 0);
  CHECK(std::filesystem::exists(folder / "grid/smoothing0-seed1/calibrator.json"));
  const Json evaluated = json_of(folder.path(), "eval grid");
  REQUIRE(evaluated.at("runs").size() == 4);
  CHECK(evaluated.at("runs")[3].at("run") == "grid/smoothing0.1-seed2");
  CHECK(evaluated.at("runs")[3].at("accuracy") == json.at("runs")[3].at("test").at("accuracy"));
  const Result report = temper_program(folder.path(), "report grid");
  CHECK(report.code == 0);
  CHECK(contains(report.out, "page of 4 runs"));

  std::filesystem::remove_all(folder / "grid/smoothing0-seed1");
  std::filesystem::remove(folder / "grid/smoothing0.1-seed1/run.json");
  const std::string kept = read_file(folder / "grid/smoothing0-seed2/run.json");
  CHECK(contains(temper_program(folder.path(), "report grid").err, "grid/smoothing0-seed1: it is not finished"));
  check_refused(folder.path(), kQuick + "--smoothing 0,0.1 --seeds 1..2 --out grid", 1,
                "grid: it holds a sweep; give another --out, --resume");
  check_refused(folder.path(), kQuick + "--smoothing 0,0.2 --seeds 1..2 --resume --out grid", 2, "other options");
  const Result resumed = temper_program(folder.path(), "train --resume --out grid");
  CHECK(resumed.code == 0);
  CHECK(contains(resumed.out, "4 runs in grid"));
  CHECK(contains(resumed.out, " ± "));
  CHECK(read_file(folder / "grid/smoothing0-seed2/run.json") == kept);

  write_file(folder / "some.toml", "model = [\"mlp-4\", \"cnn\"]\nshift = [0, 9]\nepochs = 1\n");  // no 8 x 8 image can be moved by 9
  const Result some = temper_program(folder.path(), "train --data digits --config some.toml --steps 3 --seed 5 --out some");
  CHECK(some.code == 1);
  CHECK(contains(some.err, "temper: error: some: 2 of 4 runs failed: modelmlp-4-shift9 (--shift: "));
  CHECK(std::filesystem::exists(folder / "some/modelcnn-shift0/run.json"));
}

TEST_CASE("sweep command: lists that make no sense are refused before anything is trained") {
  const TemporaryFolder folder;
  check_refused(folder.path(), kQuick + "--smoothing 0,2 --out grid", 2, "--smoothing: 2 is not allowed");
  check_refused(folder.path(), kQuick + "--smoothing 0,x --out grid", 2, "--smoothing: it takes a number, not x");
  check_refused(folder.path(), kQuick + "--smoothing 0.1,0.10 --out grid", 2, "--smoothing: 0.1 is there twice");
  check_refused(folder.path(), kQuick + "--seeds 3..1 --out grid", 2, "--seeds: 3..1 is no range of seeds");
  check_refused(folder.path(), kQuick + "--seeds 1..3 --seed 2 --out grid", 2, "--seeds: --seed says one");
  check_refused(folder.path(), kQuick + "--seeds 1,2", 2, "--out: missing");
  check_refused(folder.path(), kQuick + "--seeds 1,2 --jobs -1 --out grid", 2, "--jobs: -1");
  check_refused(folder.path(), kQuick + "--seeds 1,2 --show-config --out grid", 2, "--show-config");
  write_file(folder / "bad.toml", "smoothing = []\n");
  check_refused(folder.path(), kQuick + "--config bad.toml --out grid", 1, "bad.toml: line 1: smoothing: the list is empty");
  CHECK_FALSE(std::filesystem::exists(folder / "grid"));
}

TEST_CASE("settings: those that do not apply are refused by what they are for, warned of in a file, and never recorded") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& options, const std::string& about) {
    check_refused(folder.path(), kQuick + "--out run " + options, 2, about);
  };
  refused("--brightness 0.9", "--brightness: it is for folders of photos; leave it out");
  refused("--image-size 99", "--image-size: it is for folders of photos");
  refused("--random-resized-crop", "--random-resized-crop: it is for folders of photos");
  refused("--optimizer adamw --momentum 0.5", "--momentum: it is for --optimizer sgd");
  refused("--no-nesterov --momentum 0", "--nesterov: it is for --optimizer sgd with --momentum");
  refused("--beta2 0.9", "--beta2: it is for --optimizer adamw");
  refused("--milestones 3", "--milestones: it is for --schedule step");
  refused("--triangle-peak 0.3", "--triangle-peak: it is for --schedule triangle");
  refused("--lookahead-decay 0.9", "--lookahead-decay: it is for --lookahead");
  refused("--shift 0 --padding reflect", "--padding: it is for --shift");
  refused("--no-random-crop", "--random-crop: it is for --crop");
  refused("--batch-tokens 100", "--batch-tokens: it is for networks that read text");
  refused("--weight-decay 0 --decay-norm-and-bias", "--decay-norm-and-bias: it is for --weight-decay");
  refused("--crop 1", "--crop: a square of 1 pixels has no room for --shift 1; give a larger crop, or a smaller shift");
  refused("--lookahead 39", "--lookahead: 39 steps, and the run has 38; give at most that, or 0 for none");
  check_refused(folder.path(), kQuick + "--out run --class-weight nothere", 1, "nothere: ");
  CHECK_FALSE(std::filesystem::exists(folder / "run"));

  write_file(folder / "photo.toml", "brightness = 0.5\nmomentum = 0.9\nlookahead_decay = 0.5\n");
  const Result warned = temper_program(folder.path(), kQuick + "--config photo.toml --out run");
  CHECK(warned.code == 0);
  CHECK(contains(warned.err, "temper: warning: photo.toml: brightness is for folders of photos; it changes nothing here"));
  CHECK(contains(warned.err, "photo.toml: lookahead_decay is for --lookahead"));
  CHECK_FALSE(contains(warned.err, "momentum"));
  const Json settings = Json::parse(read_file(folder / "run/run.json")).at("settings");
  for (const char* key : {"brightness", "lookahead_decay", "image_size", "beta1", "triangle_peak"}) CHECK_FALSE(settings.contains(key));
  CHECK(settings.at("momentum") == 0.9);

  check_refused(folder.path(), "distill --teacher run --model mlp-4 --dkd-beta 3 --out student", 2,
                "--dkd-beta: it is for --form decoupled");
  check_refused(folder.path(), "distill --teacher run --model mlp-4 --form logits --temperature 4 --out student", 2,
                "--temperature: it is for the other forms than --form logits");
  check_refused(folder.path(), "distill --teacher run --model mlp-4 --smoothing 0.1 --out student", 2, "--smoothing: with --beta 1");
}

TEST_CASE("settings: a finished run keeps to them, or becomes longer with the bits of one that was begun so") {
  const TemporaryFolder folder;
  const std::string constant = "train --data digits --model mlp-8 --schedule constant ";
  REQUIRE(temper_program(folder.path(), constant + "--epochs 2 --log-steps 10 --out run").code == 0);
  REQUIRE(temper_program(folder.path(), "calibrate run").code == 0);
  const std::string result = read_file(folder / "run/run.json");
  check_refused(folder.path(), "train --resume --lr 7 --out run", 2, "--resume: the run was started with lr = 0.05, not with lr = 7.0");
  check_refused(folder.path(), "train --resume --epochs 1 --out run", 2,
                "epochs = 2, not with epochs = 1: a run can become longer, not shorter");
  check_refused(folder.path(), "train --data mnist:x --resume --out run", 2, "the data digits, not mnist:x");
  const Result same = temper_program(folder.path(), "train --resume --epochs 2 --out run");
  CHECK(same.code == 0);
  CHECK(contains(same.err, "the run is finished"));
  CHECK(read_file(folder / "run/run.json") == result);

  REQUIRE(temper_program(folder.path(), "train --resume --epochs 3 --out run").code == 0);
  REQUIRE(temper_program(folder.path(), constant + "--epochs 3 --log-steps 10 --out whole").code == 0);
  CHECK(read_file(folder / "run/model.safetensors") == read_file(folder / "whole/model.safetensors"));
  CHECK(runs::read_run(folder / "run").epochs.size() == 3);
  CHECK_FALSE(std::filesystem::exists(folder / "run/calibrator.json"));  // it was of other weights
  const std::string steps = read_file(folder / "run/log_steps.csv");
  CHECK(std::count(steps.begin(), steps.end(), '\n') == 12);  // 114 steps
  CHECK(contains(steps, "\n110,3,"));

  std::filesystem::remove_all(folder / "run/checkpoint");
  check_refused(folder.path(), "train --resume --epochs 4 --out run", 2, "its checkpoint is gone");
  check_refused(folder.path(), "train --resume --lr 7 --out run", 2, "lr = 0.05, not with lr = 7.0");
  CHECK(temper_program(folder.path(), "train --resume --out run").code == 0);
}

TEST_CASE("settings: class weights and patience train, and a temperature at its bound is not applied") {
  const TemporaryFolder folder;
  REQUIRE(temper_program(folder.path(), kQuick + "--class-weight balanced --patience 3 --out run").code == 0);
  CHECK(runs::read_run(folder / "run").recipe.class_weight == "balanced");
  // One validation image cannot be fitted on; without a mistake among 30 nothing is known of T.
  REQUIRE(temper_program(folder.path(), kQuick + "--val-size 1 --out one").code == 0);
  check_refused(folder.path(), "calibrate one", 1, "1 sample cannot be fitted on");
  REQUIRE(temper_program(folder.path(), "train --data digits --model cnn --epochs 12 --val-size 30 --out flawless").code == 0);
  const Json before = json_of(folder.path(), "eval flawless");
  REQUIRE(json_of(folder.path(), "eval flawless --split val").at("accuracy") == 1);
  const Result calibrated = temper_program(folder.path(), "calibrate flawless --method all");
  CHECK(calibrated.code == 0);
  CHECK(contains(calibrated.err, "the logits are left as they are"));
  check_refused(folder.path(), "calibrate flawless --bins 3", 2, "--bins: it is for --method histogram, not for temperature");
  check_refused(folder.path(), "calibrate flawless --method vector --odir 3", 2,
                "--odir: it is for --method matrix, dirichlet, not for vector");
  const Json after = json_of(folder.path(), "eval flawless");
  CHECK(after.at("nll") == before.at("nll"));
}

}  // namespace
}  // namespace temper
