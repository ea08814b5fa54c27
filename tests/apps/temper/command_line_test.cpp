// The program as a script sees it: exit codes, one line of error, JSON, what a run leaves behind.

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

TEST_CASE("command line: what makes no sense is refused in one line with exit code 2, before anything is read or left behind") {
  const TemporaryFolder folder;
  const std::string train = "train --data digits --model mlp --out run ";
  check_refused(folder.path(), "", 2, "subcommand");
  check_refused(folder.path(), "no-such-command", 2, "no-such-command");
  check_refused(folder.path(), "train", 2, "--data");
  check_refused(folder.path(), train + "--no-such-option", 2, "--no-such-option");
  check_refused(folder.path(), train + "--epochs many", 2, "--epochs");
  for (const char* smoothing : {"-0.1", "1.5", "nan", "inf"})
    check_refused(folder.path(), train + "--smoothing " + smoothing, 2, "--smoothing");
  check_refused(folder.path(), train + "--epochs 0", 2, "--epochs");
  check_refused(folder.path(), train + "--batch 0", 2, "--batch");
  check_refused(folder.path(), train + "--lr nan", 2, "--lr");
  check_refused(folder.path(), train + "--threads -1", 2, "--threads");
  check_refused(folder.path(), train + "--threads 1000000", 2, "--threads");
  check_refused(folder.path(), train + "--optimizer adam", 2, "--optimizer");
  check_refused(folder.path(), train + "--schedule exponential", 2, "--schedule: exponential is not known");
  check_refused(folder.path(), train + "--keep best", 2, "--keep");
  check_refused(folder.path(), train + "--standardize pixel", 2, "--standardize: pixel is not known");
  check_refused(folder.path(), train + "--shift 8", 2, "--shift");
  check_refused(folder.path(), "train --data digits --model resnet1 --out run", 2, "--model");
  check_refused(folder.path(), "train --data digits --model lenet --out run", 2, "--model");
  check_refused(folder.path(), "train --data words --model mlp --out run", 2, "--data");
  check_refused(folder.path(), "distill --teacher run --model mlp --out student --temperature 0", 2, "--temperature");
  check_refused(folder.path(), "distill --teacher run --model mlp --out student --beta 2", 2, "--beta");
  check_refused(folder.path(), "distill --teacher run --model mlp --out student --form other", 2, "--form");
  check_refused(folder.path(), "eval run --split train", 2, "--split");
  check_refused(folder.path(), "eval run --temperature -1", 2, "--temperature");
  check_refused(folder.path(), "calibrate run --method magic", 2, "--method");
  check_refused(folder.path(), "bench mlp --batch 0", 2, "--batch");
  check_refused(folder.path(), "bench --ops no_such_op", 2, "--ops");
  check_refused(folder.path(), "bench --ops --profile mlp", 2, "--ops");
  check_refused(folder.path(), "bench lenet --profile mlp", 2, "--profile");
  check_refused(folder.path(), "bench --shapes", 2, "--shapes");
  check_refused(folder.path(), "bench mlp --step 100", 2, "--step: it is for --scaling");
  for (const char* option : {"--latency -5", "--latency nan", "--bandwidth 0", "--bandwidth inf", "--step 0"})
    check_refused(folder.path(), str_cat("bench mlp --scaling ", option), 2, "is not allowed; give ");
  check_refused(folder.path(), "models --image 8,8", 2, "--image");
  check_refused(folder.path(), "models --batch 1", 2, "--batch");
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
  CHECK_FALSE(std::filesystem::exists(folder / "student"));
}

TEST_CASE("command line: what is missing or damaged is refused in one line with exit code 1") {
  const TemporaryFolder folder;
  check_refused(folder.path(), "eval nowhere", 1, "nowhere");
  check_refused(folder.path(), "calibrate nowhere", 1, "nowhere");
  check_refused(folder.path(), "report nowhere", 1, "nowhere");
  check_refused(folder.path(), "distill --teacher nowhere --model mlp --out student", 1, "nowhere");
  check_refused(folder.path(), "train --data mnist:nowhere --model mlp --out run", 1, "nowhere");
  check_refused(folder.path(), "data cifar10:nowhere", 1, "nowhere");
  write_file(folder / "file", "x");
  check_refused(folder.path(), "train --data digits --model mlp --out file", 1, "file");
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

TEST_CASE("command line: train, calibrate, eval, distill and report, with --json") {
  const TemporaryFolder folder;
  const Result trained =
      temper_program(folder.path(), "train --data digits --model cnn --smoothing 0.1 --epochs 4 --seed 3 --out teacher --json");
  REQUIRE(trained.code == 0);
  const Json result = Json::parse(trained.out);
  CHECK(result.at("accuracy") > 0.8);
  for (const char* key : {"accuracy", "nll", "ece", "mce", "ace", "classwise_ece", "brier", "temperature"})
    CHECK(result.at(key).is_number());

  const Json run = Json::parse(read_file(folder / "teacher/run.json"));
  CHECK(run.at("settings").at("smoothing") == 0.1);
  CHECK(run.at("settings").at("seed") == 3);
  CHECK(run.at("settings").at("decay_norm_and_bias") == false);
  CHECK(run.at("metrics").at("test").at("accuracy") == result.at("accuracy"));
  const std::string log = read_file(folder / "teacher/log.csv");
  CHECK(std::count(log.begin(), log.end(), '\n') == 5);
  CHECK(std::filesystem::exists(folder / "teacher/model.safetensors"));

  check_refused(folder.path(), "train --data digits --model mlp --out teacher", 1, "finished run");
  // What a command reads is not written over, whatever way leads there.
  std::filesystem::create_directory_symlink(folder / "teacher", folder / "alias");
  for (const char* spelling : {"teacher", "./teacher/", "alias"})
    check_refused(folder.path(), str_cat("distill --teacher teacher --model mlp --overwrite --out ", spelling), 2, "--out");
  check_refused(folder.path(), "report teacher --out alias/run.json", 2, "--out: alias/run.json is read");
  check_refused(folder.path(), "calibrate teacher --table teacher/log.csv", 2, "--table: teacher/log.csv is read");
  CHECK(read_file(folder / "teacher/log.csv") == log);
  CHECK(Json::parse(read_file(folder / "teacher/run.json")) == run);
  // A teacher does not look at a thousand images before it turns out that there is no place for a student.
  const Result no_place = temper_program(folder.path(), "distill --teacher teacher --model mlp --out alias/../teacher/run.json");
  CHECK(no_place.err.find("gamma") == std::string::npos);
  CHECK(no_place.code == 1);

  check_refused(folder.path(), "calibrate teacher nowhere", 1, "nowhere");
  CHECK_FALSE(std::filesystem::exists(folder / "teacher/calibrator.json"));
  check_refused(folder.path(), "eval teacher --tta many", 2, "--tta: many is not known");
  check_refused(folder.path(), "distill --teacher teacher --data text:corpus --model transformer_small --out student", 2,
                "--teacher: a run of images cannot teach text:corpus");

  const Json plain = Json::parse(temper_program(folder.path(), "eval teacher --json").out);
  CHECK(plain.at("temperature") == 1.0);
  CHECK(plain.at("accuracy") == result.at("accuracy"));
  CHECK(plain.at("nll") == result.at("nll"));

  const Json fitted = Json::parse(temper_program(folder.path(), "calibrate teacher --json").out);
  CHECK(fitted.at("method") == "temperature");
  CHECK(fitted.at("status") == "converged");
  CHECK(fitted.at("temperature") < 1);  // smoothing makes a network less sure than it may be
  CHECK(fitted.at("after").at("nll") < fitted.at("before").at("nll"));
  CHECK(fitted.at("after").at("accuracy") == fitted.at("before").at("accuracy"));
  const Json calibrated = Json::parse(temper_program(folder.path(), "eval teacher --json").out);
  CHECK(calibrated.at("temperature") == fitted.at("temperature"));
  CHECK(calibrated.at("nll").get<double>() == doctest::Approx(fitted.at("after").at("nll").get<double>()));
  CHECK(Json::parse(temper_program(folder.path(), "eval teacher --temperature 1 --json").out).at("nll") == result.at("nll"));

  const Result distilled =
      temper_program(folder.path(), "distill --teacher teacher --model mlp-16 --temperature 3 --epochs 4 --out student --json");
  REQUIRE(distilled.code == 0);
  CHECK(distilled.err.find("warning") != std::string::npos);  // a smoothed teacher above T = 1
  CHECK(Json::parse(read_file(folder / "student/run.json")).at("teacher").at("temperature") == 3.0);

  REQUIRE(temper_program(folder.path(), "report teacher student").code == 0);
  const std::string page = read_file(folder / "report.html");
  CHECK(page.find("teacher") != std::string::npos);
  CHECK(page.find("student") != std::string::npos);
}

TEST_CASE("command line: the same run twice leaves the same weights, on any number of threads") {
  const TemporaryFolder folder;
  REQUIRE(temper_program(folder.path(), "train --data digits --model cnn --epochs 1 --threads 1 --out one").code == 0);
  REQUIRE(temper_program(folder.path(), "train --data digits --model cnn --epochs 1 --threads 3 --out three").code == 0);
  CHECK(read_file(folder / "one/model.safetensors") == read_file(folder / "three/model.safetensors"));
}

TEST_CASE("command line: help teaches, and lists say what there is") {
  const TemporaryFolder folder;
  for (const char* command :
       {"", "train", "eval", "predict", "calibrate", "distill", "analyze", "report", "bench", "models", "data", "doctor"}) {
    CAPTURE(command);
    const Result help = temper_program(folder.path(), str_cat(command, " --help"));
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK(help.out.find("--help") != std::string::npos);
  }
  CHECK(temper_program(folder.path(), "--version").out.find("OpenBLAS") != std::string::npos);
  CHECK(temper_program(folder.path(), "models").out.find("61,706") != std::string::npos);
  const Json models = Json::parse(temper_program(folder.path(), "models --image 32,32,3 --batch 64 --json").out);
  for (const Json& model : models.at("models")) {
    CAPTURE(model.at("name"));
    CHECK((model.contains("error") || (model.at("parameters") > 0 && model.at("multiply_adds") > 0 && model.at("step_bytes") > 100'000)));
  }
  CHECK(temper_program(folder.path(), "data").out.find("cifar10:DIR") != std::string::npos);
  const Json digits = Json::parse(temper_program(folder.path(), "data digits --json").out);
  CHECK(digits.at("train").at("samples").get<int>() + digits.at("val").at("samples").get<int>() +
            digits.at("test").at("samples").get<int>() ==
        1797);
  const Json doctor = Json::parse(temper_program(folder.path(), "doctor --json").out);
  CHECK(doctor.at("blas_test") == "passed");
}

TEST_CASE("command line: bench measures networks, operations and the operations of a step") {
  const TemporaryFolder folder;
  const Json network = Json::parse(temper_program(folder.path(), "bench mlp-16 --batch 8 --threads 1 --json").out);
  CHECK(network.at("net") == "mlp-16");
  for (const char* key : {"train_images_per_s", "infer_images_per_s", "train_images_per_s_one_thread", "infer_images_per_s_one_thread",
                          "infer_images_per_s_batch_1", "peak_mib"})
    CHECK(network.at(key) > 0);

  std::istringstream lines(temper_program(folder.path(), "bench --ops linear add --batch 2 --threads 1 --json").out);
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(Json::parse(line).at("limits").at("gflop_per_s") > 0);
  std::set<std::string> passes;
  while (std::getline(lines, line)) {
    const Json op = Json::parse(line);
    CHECK(op.at("seconds") > 0);
    CHECK(op.at("of_limit") > 0);
    CHECK((op.at("gflop_per_s") > 0) == (op.at("op") == "linear"));
    passes.insert(op.at("op").get<std::string>() + " " + op.at("pass").get<std::string>());
  }
  CHECK(passes == std::set<std::string>{"linear forward", "linear dx", "linear dw", "add forward", "add backward"});

  const Json profile = Json::parse(temper_program(folder.path(), "bench --profile mlp-16 --batch 8 --threads 1 --json").out);
  double gflop = 0;
  int linear_calls = 0;
  for (const Json& op : profile.at("ops")) {
    gflop += op.at("gflop").get<double>();
    if (op.at("op") == "linear") linear_calls += op.at("calls").get<int>();
  }
  CHECK(linear_calls == 6);
  // Forward, and backward to weights and inputs but the images: (784 16 + 16 16 + 16 10) and their gradients.
  CHECK(gflop == doctest::Approx(2e-9 * 8 * (2 * 784 * 16 + 3 * 16 * 16 + 3 * 16 * 10)));
}

TEST_CASE("command line: what is not said stays as the recipe of the data has it, flags too") {
  const TemporaryFolder folder;
  const std::string shown = temper_program(folder.path(), "train --data cifar10:nowhere --show-config").out;
  for (const char* line : {"nesterov = true ", "flip = \"random\" ", "shift = 4 ", "momentum = 0.9 ", "lr = 0.1 "}) {
    CHECK_MESSAGE(shown.find(line) != std::string::npos, line);
  }
  CHECK(temper_program(folder.path(), "train --data digits --no-nesterov --show-config").out.find("nesterov = false") != std::string::npos);
  CHECK(temper_program(folder.path(), "train --data digits --nesterov --show-config").out.find("nesterov = true") != std::string::npos);
}

TEST_CASE("command line: settings come from the recipe, over it the file, over both the options, and are shown and kept") {
  const TemporaryFolder folder;
  const Result shown = temper_program(folder.path(), "train --recipe fast-alexnet --show-config");
  CHECK(shown.code == 0);
  CHECK(shown.out.find("crop = 24 ") != std::string::npos);
  write_file(folder / "all.toml", shown.out);
  CHECK(temper_program(folder.path(), "train --config all.toml --show-config").out == shown.out);

  write_file(folder / "mine.toml", "model = \"mlp-8\"\nepochs = 1\ncrop = 7\nlr = 0.5\nval_size = 100\nflip = \"alternating\"\n");
  const std::string train = "train --data digits --recipe fast-alexnet --config mine.toml --lr 0.01 --no-flip --out run ";
  const Result run = temper_program(folder.path(), train + "--json --tta flip");
  CAPTURE(run.err);
  REQUIRE(run.code == 0);
  const Json json = Json::parse(read_file(folder / "run/run.json"));
  const Json& settings = json.at("settings");
  CHECK(settings.at("model") == "mlp-8");
  CHECK(settings.at("epochs") == 1);
  CHECK(settings.at("lr") == 0.01);
  CHECK(settings.at("standardize") == "image");
  CHECK(settings.at("flip") == "none");
  CHECK(settings.at("val_size") == 100);
  CHECK(json.at("image") == Json({7, 7, 1}));
  CHECK(json.at("metrics").at("val").at("samples") == 100);
  CHECK(Json::parse(temper_program(folder.path(), "eval run --split val --json").out).at("nll") == json.at("metrics").at("val").at("nll"));
  CHECK(Json::parse(temper_program(folder.path(), "eval run --json --tta none").out).at("nll") != json.at("metrics").at("test").at("nll"));
  CHECK(temper_program(folder.path(), "distill --teacher run --model mlp-8 --epochs 1 --out student").code == 0);  // 7x7 teaches 8x8
  CHECK(Json::parse(read_file(folder / "student/run.json")).at("settings").at("val_size") == 100);                 // as the teacher's
  CHECK(Json::parse(temper_program(folder.path(), "eval run --data digits --split val --json").out).at("samples") == 100);

  for (const auto& [text, about] : {std::pair{"lrr = 1", "bad.toml: line 1: lrr is not a setting"},
                                    {"epochs = 0", "bad.toml: --epochs: 0 is not allowed"},
                                    {"beta = 0.5", "bad.toml: beta is for learning from a teacher"}}) {
    write_file(folder / "bad.toml", text);
    check_refused(folder.path(), "train --data digits --model mlp --config bad.toml --out none", 1, about);
  }
  check_refused(folder.path(), "train --data digits --model mlp --config missing.toml --out none", 1, "missing.toml");
  check_refused(folder.path(), "train --data digits --recipe slow --out none", 2, "known are fast-resnet");
  check_refused(folder.path(), "train --data digits --recipe paper-mnist-student --out none", 2, "temper distill");
  check_refused(folder.path(), "train --data digits --model mlp --lr-factors fc9=1 --out none", 2, "it has fc1.weight");
  check_refused(folder.path(), "train --data digits --model mlp --crop 9 --out none", 2, "--crop");
  check_refused(folder.path(), "train --data digits --model mlp --val-size 0 --out none", 2, "--val-size");
  check_refused(folder.path(), "train --data digits --model mlp --val-size 5000 --out none", 2, "--val-size");
  check_refused(folder.path(), "distill --data digits --model mlp --out none", 2, "--teacher");
  CHECK_FALSE(std::filesystem::exists(folder / "none"));
}

TEST_CASE("command line: a training that SIGTERM stops says how to go on, exits with 143, and goes on to the same bits") {
  const TemporaryFolder folder;
  const std::string settings = "train --data digits --model mlp-24 --epochs 40 --batch 16 ";
  REQUIRE(temper_program(folder.path(), settings + "--out whole").code == 0);
  // `timeout` sends the signal, again and earlier until it comes in time, and returns the program's exit code. --foreground: once, not to
  // the group as well.
  Result stopped{};
  for (const char* seconds : {"0.4", "0.2", "0.1"}) {
    stopped = shell(folder.path(), str_cat("timeout --foreground --preserve-status -s TERM ", seconds, " ", TEMPER_PROGRAM, " ", settings,
                                           "--overwrite --out run"));
    if (stopped.code == 143) break;
  }
  CAPTURE(stopped.err);
  REQUIRE(stopped.code == 143);
  CHECK(stopped.out.empty());
  CHECK(stopped.err.find("temper: run: stopped in epoch") != std::string::npos);
  CHECK(stopped.err.find("temper train --resume --out run") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "run/run.json"));

  check_refused(folder.path(), "eval run", 1, "no finished run");
  check_refused(folder.path(), settings + "--out run", 1, "--resume");  // hours of work are not thrown away by a forgotten option
  check_refused(folder.path(), "train --resume --out run --smoothing 0.1", 2, "smoothing = 0.0, not with smoothing = 0.1");
  check_refused(folder.path(), "train --resume --overwrite --out run", 2, "--overwrite");
  check_refused(folder.path(), "distill --resume --out run", 2, "temper train");
  check_refused(folder.path(), "train --resume --out nowhere", 1, "no checkpoint");
  check_refused(folder.path(), "train --resume", 2, "--out");
  check_refused(folder.path(), settings + "--out other --checkpoint-every -1", 2, "--checkpoint-every");
  check_refused(folder.path(), settings + "--out other --checkpoint-minutes -1", 2, "--checkpoint-minutes");

  const Result resumed = temper_program(folder.path(), "train --resume --out run");
  CHECK(resumed.code == 0);
  CHECK(read_file(folder / "run/model.safetensors") == read_file(folder / "whole/model.safetensors"));
  const Result finished = temper_program(folder.path(), "train --resume --out run --json");
  CHECK(finished.code == 0);
  CHECK(finished.err.find("is finished") != std::string::npos);
  const Json json = Json::parse(finished.out), whole = Json::parse(read_file(folder / "whole/run.json"));
  CHECK(json.at("accuracy") == whole.at("metrics").at("test").at("accuracy"));
  CHECK(json.at("val") == whole.at("metrics").at("val"));
}

}  // namespace
}  // namespace temper
