#include "models/runs/sweep.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
namespace {

const Sweep kTwoByTwo{
    .command = "train", .arguments = {"--data", "digits", "--model", "mlp"}, .axes = {{"smoothing", {"0", "0.05"}}, {"seed", {"3", "1"}}}};

TEST_CASE("sweep: its points are all combinations, the last setting fastest, and their names say which") {
  const std::vector<SweepPoint> all = points(kTwoByTwo);
  REQUIRE(all.size() == 4);
  CHECK(all[0].name == "smoothing0-seed3");
  CHECK(all[1].name == "smoothing0-seed1");
  CHECK(all[3].name == "smoothing0.05-seed1");
  CHECK(all[3].settings == std::vector<std::pair<std::string, std::string>>{{"smoothing", "0.05"}, {"seed", "1"}});
}

TEST_CASE("sweep: what is written is read again, and its finished runs are found in order") {
  const TemporaryFolder folder;
  CHECK_FALSE(is_sweep(folder.path()));
  CHECK(runs_of({folder.path(), "other"}) == std::vector<std::string>{folder.path(), "other"});
  write_sweep(folder.path(), kTwoByTwo);
  CHECK(is_sweep(folder.path()));
  CHECK(read_sweep(folder.path()) == kTwoByTwo);
  CHECK_THROWS_WITH_AS(runs_of({folder.path()}), doctest::Contains("none of its runs is finished; go on with"), Error);
  for (const char* run : {"smoothing0.05-seed3", "smoothing0-seed1", "another"}) {
    make_folder(folder / run);
    write_file(folder / run + "/run.json", "{}");
  }
  std::vector<std::string> missing;
  CHECK(runs_of({folder.path()}, &missing) == std::vector<std::string>{folder / "smoothing0-seed1", folder / "smoothing0.05-seed3"});
  CHECK(missing == std::vector<std::string>{folder / "smoothing0-seed3", folder / "smoothing0.05-seed1"});
}

TEST_CASE("sweep: a file that is none is refused by its key, and leads out of no folder") {
  const TemporaryFolder folder;
  const auto error_of = [&](const std::string& text) {
    write_file(folder / "sweep.json", text);
    try {
      read_sweep(folder.path());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of("{").find("sweep.json: ") != std::string::npos);
  CHECK(error_of("{}").find("command") != std::string::npos);
  CHECK(error_of(R"({"command": "rm", "axes": []})").find("neither train nor distill") != std::string::npos);
  CHECK(error_of(R"({"command": "train", "axes": [{"setting": "seed", "values": ["../.."]}]})").find("axes[0].values") !=
        std::string::npos);
  CHECK(error_of(R"({"command": "train", "axes": [{"setting": "seed/..", "values": ["1"]}]})").find("axes[0].values") != std::string::npos);
  CHECK(error_of(R"({"command": "train", "axes": [{"setting": "seed", "values": []}]})").find("axes[0].values") != std::string::npos);
  CHECK(error_of(R"({"command": "train", "axes": [{"setting": "seed", "values": [1]}]})") != "");
  CHECK(error_of(R"({"command": "train", "axes": [{"setting": "seed", "values": ["1"]}]})") == "");
}

}  // namespace
}  // namespace temper::runs
