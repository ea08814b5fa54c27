// Options that make no sense, and words that are nearly right.

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("options: a number out of range is refused by name before anything is done") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& command, const std::string& option, std::initializer_list<const char*> values) {
    for (const char* value : values)
      check_refused(folder.path(), str_cat(command, " ", option, "=", value), 2, str_cat(option, ": ", value, " is not allowed; give a"));
  };
  refused("models", "--classes", {"0", "-1", "99999999999999", "9999999999999999999999"});
  refused("models", "--batch", {"0", "1", "99999999999999"});
  check_refused(folder.path(), "models --image 0,0,0", 2, "--image: 0 is not allowed");
  check_refused(folder.path(), "models --image 8,8,-1", 2, "--image: -1 is not allowed");
  check_refused(folder.path(), "models --image 8,8,99999999999", 2, "--image: 99999999999 is not allowed");
  refused("reproduce mnist --plan", "--jobs", {"0", "-1", "1025"});
  refused("reproduce mnist --plan", "--threads", {"0", "-1"});
  refused("bench mlp", "--batch", {"0", "-1", "99999999999999"});
  refused("bench mlp --scaling", "--latency", {"-5", "nan", "inf", "-inf", "1e400"});
  refused("bench mlp --scaling", "--bandwidth", {"0", "inf", "nan"});
  refused("bench mlp --scaling", "--step", {"0", "-1", "inf"});
  refused("data digits", "--image-size", {"0", "-1", "99999999"});
  refused("eval run", "--temperature", {"0", "-1", "nan", "inf", "1e-320", "1e-300", "1e300", "1e-400"});
  refused("eval run", "--beam", {"-1", "1001"});
  refused("predict run picture.png", "--top", {"0", "-1"});
  refused("calibrate run", "--coverage", {"0", "1", "-1", "nan", "2", "1e-320"});
  refused("calibrate run", "--folds", {"0", "1", "1001"});
  refused("calibrate run", "--bins", {"0", "-1", "1001"});
  refused("calibrate run --method matrix", "--odir", {"-2", "-1", "nan", "inf", "1e300"});
  refused("analyze run", "--temperature", {"0", "nan", "inf", "1e-320"});
  for (const char* option : {"--examples", "--inputs", "--images"}) refused("analyze run", option, {"0", "-1", "99999999999999"});
  refused("analyze run", "--shift", {"-1", "99999999999"});
  refused("translate run", "--beam", {"0", "1001"});
  refused("translate run", "--length-penalty", {"-1", "nan", "inf"});
  refused("convert w.pt --model mlp --data digits --out r", "--std", {"0", "-1", "nan", "inf"});
  refused("convert w.pt --model mlp --data digits --out r", "--mean", {"nan", "inf"});
  check_refused(folder.path(), "models --batch 2.5", 2, "--batch: 2.5 is no number for it; give a whole number from 2 to 1,000,000");
  check_refused(folder.path(), "models --batch many", 2, "--batch: many is no number for it");
  check_refused(folder.path(), "eval run --temperature 1,5", 2, "--temperature: 1,5 is no number for it");
  check_refused(folder.path(), "train --data digits --model resnet99998 --steps 1 --batch 2 --out r", 2,
                "--model: resnet99998 is deeper than 2000 layers");
  CHECK_FALSE(std::filesystem::exists(folder / "r"));
  CHECK(temper_program(folder.path(), "models --batch +2 --classes 100 --image 32,32,3").code == 0);
}

TEST_CASE("options: a large loss is written briefly") {
  const TemporaryFolder folder;
  write_file(folder / "z.csv", "1e20,0\n0,1e20\n0,1e20\n1e20,0\n");
  write_file(folder / "y.csv", "0\n0\n1\n1\n");
  const Result result = temper_program(folder.path(), "calibrate --logits z.csv --labels y.csv --out o");
  CAPTURE(result.out);
  CHECK(result.code == 0);
  CHECK(mentions(result.out, "e+19"));
  CHECK_FALSE(mentions(result.out, "00000000000"));
}

TEST_CASE("options: what is nearly right is answered with what was meant") {
  const TemporaryFolder folder;
  const auto answered = [&](const std::string& arguments, int code, const std::string& about) {
    check_refused(folder.path(), arguments, code, about);
  };
  answered("trian --data digits", 2, "trian: there is no such command; did you mean train? see temper --help");
  answered("xyz", 2, "xyz: there is no such command; see temper --help");
  answered("train --data digits --model mlp --epoch 3 --out r", 2,
           "--epoch: temper train has no such option; did you mean --epochs? see temper train --help");
  answered("train --data digits --model mlp --smothing=0.1 --out r", 2,
           "--smothing: temper train has no such option; did you mean --smoothing?");
  answered("train --data digits --model mlp --no-flipp --out r", 2, "did you mean --no-flip?");
  answered("train --data digits --model mlp -epochs 3 --out r", 2, "did you mean --epochs?");
  answered("eval --jsn", 2, "--jsn: temper eval has no such option; did you mean --json? see temper eval --help");
  answered("eval run --qqqqqq", 2, "--qqqqqq: temper eval has no such option; see temper eval --help");
  answered("--versoin", 2, "--versoin: temper has no such option; did you mean --version? see temper --help");
  answered("models another", 2, "another: temper models has no place for it; leave it out");
  answered("train --data digits --model lenett --out r", 2, "--model: lenett is not known; did you mean lenet?");
  answered("train --data digitss --model mlp --out r", 2, "did you mean digits?");
  answered("train --data cifar:DIR --model mlp --out r", 2, "did you mean cifar10?");
  answered("train --data digits --model mlp --recipe fast-resnett --out r", 2, "did you mean fast-resnet?");
  answered("train --data digits --model mlp --optimizer adam --out r", 2, "did you mean adamw?");
  answered("train --data digits --model mlp --schedule cosin --out r", 2, "did you mean cosine?");
  answered("calibrate run --method temprature", 2, "did you mean temperature?");
  answered("analyze run --figure projektion", 2, "did you mean projection?");
  answered("eval run --split tset", 2, "did you mean test?");
  answered("reproduce mnits", 2, "did you mean mnist?");
  answered("reproduce mnist --scale papper", 2, "did you mean paper?");
  write_file(folder / "bad.toml", "epochs = 1\nsmothing = 0.1\n");
  answered("train --data digits --model mlp --config bad.toml --out r", 1,
           "bad.toml: line 2: smothing is not a setting; did you mean smoothing?");
}

TEST_CASE("options: one is one") {
  const TemporaryFolder folder;
  const Result trained = temper_program(folder.path(), "train --data digits --model mlp-8 --epochs 1 --batch 2000 --threads 1 --out run");
  CAPTURE(trained.err);
  REQUIRE(trained.code == 0);
  CHECK(mentions(trained.err, ", 1 epoch of 1 step, "));
  CHECK(mentions(trained.out, " s on 1 thread\n"));
  CHECK(mentions(temper_program(folder.path(), "models --classes 1 --batch 2").out, "For 1 class; "));
}

TEST_CASE("options: more threads than cores are allowed, with a warning") {
  const TemporaryFolder folder;
  const std::string train =
      str_cat("taskset -c 0 ", TEMPER_PROGRAM, " train --data digits --model mlp-8 --epochs 1 --overwrite --out run --threads ");
  const Result eight = shell(folder.path(), train + "8");
  CHECK(eight.code == 0);
  CHECK(mentions(eight.err, "temper: warning: --threads: 8 threads on 1 core that this process may use"));
  CHECK_FALSE(mentions(eight.err, "mpirun"));
  CHECK_FALSE(mentions(shell(folder.path(), train + "1").err, "core"));
  const Result evaluated = shell(folder.path(), str_cat("taskset -c 0 ", TEMPER_PROGRAM, " eval run --threads 2"));
  CHECK(mentions(evaluated.err, "2 threads on 1 core"));
}

TEST_CASE("options: a command that is not for ranks works on the first one alone") {
  const TemporaryFolder folder;
  const auto on_rank = [&](int rank, const std::string& arguments) {
    return shell(folder.path(), str_cat("OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=", rank, " ", TEMPER_PROGRAM, " ", arguments));
  };
  for (const char* command : {"models", "data digits", "reproduce mnist --plan"}) {
    const Result first = on_rank(0, command), second = on_rank(1, command);
    CHECK(first.code == 0);
    CHECK(first.out == temper_program(folder.path(), command).out);
    CHECK(mentions(first.err, "works on one rank, the first; the others do nothing"));
    CHECK(second.code == 0);
    CHECK(second.out.empty());
    CHECK(second.err.empty());
  }
}

TEST_CASE("options: weights in a format that is not written are refused by its name") {
  const TemporaryFolder folder;
  check_refused(folder.path(), "convert run --out a.onnx", 2,
                "--out: a.onnx: ONNX is not written; give a name in .pt, .pth or .safetensors");
  check_refused(folder.path(), "convert run --model mlp --data digits --out A.ONNX", 2, "ONNX is not written");
  check_refused(folder.path(), "convert run --out a.h5", 2, "HDF5 is not written");
}

}  // namespace
}  // namespace temper
