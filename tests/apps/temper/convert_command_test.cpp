// temper convert as a script sees it: weights out of a run, and into one, from files as PyTorch's users have them.

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/engine/safetensors.h"
#include "data/pytorch/state_dict.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// Names as a wrapper of PyTorch's gives them, with another word for the last layer.
void write_wrapped(const std::string& path, const TensorFile& file) {
  TensorFile wrapped;
  for (const auto& [name, entry] : file.tensors) {
    wrapped.tensors["module." + (name.starts_with("fc.") ? "linear." + name.substr(3) : name)] = entry;
  }
  data::write_state_dict(path, wrapped);
}

TEST_CASE("convert command: a run becomes a .pt and a .safetensors file, and each of them the same run again") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model resnet8 --epochs 2 --smoothing 0.1 --out run");
  const Json measured = json_of(folder.path(), "eval run");
  const TensorFile weights = read_safetensors(folder / "run/model.safetensors");
  const Json written = json_of(folder.path(), "convert run --out w.pt");
  CHECK(written.at("tensors") == weights.tensors.size());
  CHECK(json_of(folder.path(), "convert w.pt").at("tensors").size() > weights.tensors.size());  // and its counters
  json_of(folder.path(), "convert w.pt --out w.safetensors");
  CHECK(read_file(folder / "w.safetensors") == read_file(folder / "run/model.safetensors"));
  write_wrapped(folder / "wrapped.pth", weights);

  const std::string settings = " --model resnet8 --data digits --smoothing 0.1 --out ";
  for (const char* from : {"w.pt", "w.safetensors", "run", "wrapped.pth --rename linear=fc"}) {
    const Json made = json_of(folder.path(), str_cat("convert ", from, settings, "again --overwrite"));
    for (const char* key : {"accuracy", "nll", "ece"}) CHECK(made.at(key) == measured.at(key));
    CHECK(read_file(folder / "again/model.safetensors") == read_file(folder / "run/model.safetensors"));
  }
  const Json record = Json::parse(read_file(folder / "again/run.json"));
  CHECK(record.at("command") == "convert");
  CHECK(record.at("weights") == "wrapped.pth");
  CHECK(record.at("settings").at("smoothing") == 0.1);
  CHECK_FALSE(record.at("settings").contains("lr"));
  CHECK_FALSE(record.at("settings").contains("epochs"));

  CHECK(json_of(folder.path(), "eval again").at("nll") == measured.at("nll"));
  json_of(folder.path(), "calibrate again");
  json_of(folder.path(), "distill --teacher again --model mlp --epochs 1 --out student");
  CHECK(temper_program(folder.path(), "report again student").code == 0);
}

TEST_CASE("convert command: how the network saw images is said, and kept with the run") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp --epochs 1 --crop 6 --standardize image --out run");
  const Json measured = json_of(folder.path(), "eval run");
  const Json made =
      json_of(folder.path(), "convert run/model.safetensors --model mlp --data digits --crop 6 --standardize image --out seen");
  CHECK(made.at("nll") == measured.at("nll"));
  CHECK(json_of(folder.path(), "eval seen").at("nll") == measured.at("nll"));
  json_of(folder.path(), "train --data digits --model mlp --epochs 1 --out plain");
  json_of(folder.path(), "convert plain --model mlp --data digits --mean .25 --std .5 --out scaled");
  const Json normalization = Json::parse(read_file(folder / "scaled/run.json")).at("normalization");
  CHECK(normalization.at("mean").at(0) == 0.25);
  CHECK(normalization.at("std").at(0) == 0.5);
}

TEST_CASE("convert command: weights that guess are kept, with a warning") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp --epochs 1 --out run");
  TensorFile file = read_safetensors(folder / "run/model.safetensors");
  for (auto& [name, entry] : file.tensors) entry.values.assign(entry.values.size(), 0);
  write_safetensors(folder / "zero.safetensors", file);
  const Result result = temper_program(folder.path(), "convert zero.safetensors --model mlp --data digits --out guess");
  CHECK(result.code == 0);
  CHECK(result.err.find("little more than guessing") != std::string::npos);
}

TEST_CASE("convert command: what makes no sense or does not fit is refused, and nothing is left behind") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp --epochs 1 --out run");
  json_of(folder.path(), "convert run --out w.pt");
  write_file(folder / "cut.pt", read_file(folder / "w.pt").substr(0, 10'000));
  write_file(folder / "text.pt", "text");
  check_refused(folder.path(), "convert ", 2, "from");
  check_refused(folder.path(), "convert nowhere.pt", 1, "nowhere.pt");
  check_refused(folder.path(), "convert w.pt --out new", 2, "--model");
  check_refused(folder.path(), "convert w.pt --model mlp --out new", 2, "--data");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits", 2, "--out");
  check_refused(folder.path(), "convert w.pt --model mlp --out new.pt", 2, "--model");
  check_refused(folder.path(), "convert w.pt --crop 6 --out new.safetensors", 2, "--crop");
  check_refused(folder.path(), "convert w.pt --model nothing --data digits --out new", 2, "--model");
  check_refused(folder.path(), "convert w.pt --model mlp --data words --out new", 2, "--data");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --mean 0 --out new", 2, "--mean");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --mean 0,0 --std 1,1 --out new", 2, "--mean");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --mean 0 --std 0 --out new", 2, "--std");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --mean 0 --std 1 --standardize image --out new", 2, "--mean");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --smoothing 2 --out new", 2, "--smoothing");
  check_refused(folder.path(), "convert w.pt --rename fc --out new.pt", 2, "--rename");
  check_refused(folder.path(), "convert w.pt --rename nothing=fc --out new.pt", 2, "--rename");
  check_refused(folder.path(), "convert w.pt --model resnet8 --data digits --out new", 1, "another network");
  check_refused(folder.path(), "convert w.pt --out run", 2, "--model");
  check_refused(folder.path(), "convert w.pt --model mlp --data digits --out run", 1, "finished run");
  check_refused(folder.path(), "convert run --out w.pt", 1, "there already");
  check_refused(folder.path(), "convert run --out no/such/folder/w.pt", 1, "w.pt");
  check_refused(folder.path(), "convert cut.pt", 1, "cut.pt");
  check_refused(folder.path(), "convert text.pt", 1, "text.pt");
  CHECK_FALSE(fs::exists(folder / "new"));
  CHECK_FALSE(fs::exists(folder / "new.pt"));
  CHECK_FALSE(fs::exists(folder / "new.safetensors"));
  CHECK(temper_program(folder.path(), "eval run").code == 0);
}

}  // namespace
}  // namespace temper
