#include "apps/reproduce/plan_run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/base/check.h"
#include "core/base/file.h"
#include "tests/temporary_folder.h"

namespace temper::reproduce {
namespace {

namespace fs = std::filesystem;

// A program in place of temper: writes its arguments to the file after --out, unless it is told to fail, or finds that what it needs is not
// there.
std::string stand_in(const TemporaryFolder& folder, const std::string& body) {
  std::string path = folder.path() + "/program";
  write_file(path, "#!/bin/sh\nwhile [ \"$1\" != --out ]; do teacher=$2; shift; done\nout=$2\n" + body);
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

constexpr const char* kTrain =
    "mkdir -p $out && touch $out/model.safetensors && sleep 0.05 && "
    "echo '{\"command\": \"train\", \"settings\": {\"data\": \"digits\", \"model\": \"mlp\"}, \"metrics\": {}, \"seconds\": 120}' > "
    "$out/run.json && "
    "echo {} > $out/calibrator.json\n";

Plan plan_of_three() {
  const Training small{.key = "small", .title = "", .minutes = 1};
  Plan plan;
  const std::string teacher = plan.train("part", "digits", small, 0.1, 1);
  CHECK(plan.train("part", "digits", small, 0.1, 1) == teacher);  // once is enough
  plan.distill("student", teacher, small, {"--beta", "1"});
  return plan;
}

TEST_CASE("reproduce plan: a step is there once, with its calibration, after what it needs") {
  const Plan plan = plan_of_three();
  REQUIRE(plan.steps().size() == 4);
  CHECK(plan.steps()[0].name == "part-small-a0.1-s1");
  CHECK(plan.steps()[1].command == std::vector<std::string>{"calibrate", "runs/part-small-a0.1-s1"});
  CHECK(plan.steps()[2].needs == std::vector<std::string>{"part-small-a0.1-s1"});
}

TEST_CASE("reproduce plan: runs in order, says how long it takes, and does nothing twice") {
  const TemporaryFolder folder;
  const Plan plan = plan_of_three();
  // calibrate has no --out: it fails in the loop of the stand-in, unless the run is there.
  const std::string program = stand_in(folder, kTrain);
  CHECK(minutes_left(plan, folder.path()) == doctest::Approx(2.2));
  std::vector<std::string> begun;
  PlanObserver observer;
  observer.on_step = [&](const PlanProgress& p) {
    if (p.begins) begun.push_back(p.step);
  };
  REQUIRE(run(plan, {.folder = folder.path(), .program = program, .jobs = 2}, observer));
  CHECK(begun == std::vector<std::string>{"part-small-a0.1-s1", "student"});  // the stand-in left the calibrators, too
  CHECK(minutes_left(plan, folder.path()) == 0);
  begun.clear();
  REQUIRE(run(plan, {.folder = folder.path(), .program = program}, observer));
  CHECK(begun.empty());
  fs::remove(folder.path() + "/runs/student/run.json");
  CHECK(minutes_left(plan, folder.path()) == doctest::Approx(2));  // the teacher took two minutes where one was expected
}

TEST_CASE("reproduce plan: weights that are gone are trained again when a step that is left reads them, and not missed otherwise") {
  const TemporaryFolder folder;
  const Plan plan = plan_of_three();
  const std::string program = stand_in(folder, "[ ! -e $out/run.json ] || exit 1\necho $out >> begun\n" + std::string(kTrain));
  const std::string teacher = folder.path() + "/runs/part-small-a0.1-s1", student = folder.path() + "/runs/student";
  const auto begun = [&] {
    std::string runs = fs::exists(folder.path() + "/begun") ? read_file(folder.path() + "/begun") : "";
    fs::remove(folder.path() + "/begun");
    return runs;
  };
  REQUIRE(run(plan, {.folder = folder.path(), .program = program}, {}));
  CHECK(begun() == "runs/part-small-a0.1-s1\nruns/student\n");
  fs::remove(teacher + "/model.safetensors");
  fs::remove(student + "/model.safetensors");
  CHECK(minutes_left(plan, folder.path()) == 0);
  REQUIRE(run(plan, {.folder = folder.path(), .program = program}, {}));
  CHECK(begun().empty());
  fs::remove(student + "/run.json");
  CHECK(!is_done(plan, plan.steps()[0], folder.path()));
  CHECK(minutes_left(plan, folder.path()) == doctest::Approx(4));
  REQUIRE(run(plan, {.folder = folder.path(), .program = program}, {}));
  CHECK(begun() == "runs/part-small-a0.1-s1\nruns/student\n");
  fs::remove(teacher + "/model.safetensors");
  fs::remove(teacher + "/calibrator.json");
  REQUIRE(run(plan, {.folder = folder.path(), .program = program}, {}));
  CHECK(begun() == "runs/part-small-a0.1-s1\n");
}

TEST_CASE("reproduce plan: a step that fails ends it with its last line, and the same plan goes on from there") {
  const TemporaryFolder folder;
  const Plan plan = plan_of_three();
  const std::string program =
      stand_in(folder, "case $out in *student) echo 'temper: error: a: b; c' >&2; exit 1;; esac\n" + std::string(kTrain));
  CHECK_THROWS_WITH_AS(run(plan, {.folder = folder.path(), .program = program}, {}), doctest::Contains("step student: a: b; c; see "),
                       Error);
  CHECK(fs::exists(folder.path() + "/runs/part-small-a0.1-s1/run.json"));
  stand_in(folder, kTrain);
  CHECK(run(plan, {.folder = folder.path(), .program = program}, {}));
  CHECK_THROWS_WITH_AS(run(plan_of_three(), {.folder = folder.path() + "/other", .program = folder.path() + "/nothing"}, {}),
                       doctest::Contains("it ended without a word"), Error);
}

TEST_CASE("reproduce plan: stops when asked, and two processes share a plan without doing a step twice") {
  const TemporaryFolder folder;
  const Plan plan = plan_of_three();
  const std::string program = stand_in(folder, "echo $out >> begun\n" + std::string(kTrain));
  PlanObserver stopping;
  stopping.stop = [] { return true; };
  CHECK(!run(plan, {.folder = folder.path(), .program = program}, stopping));
  bool other = false;
  std::thread thread([&] { other = run(plan, {.folder = folder.path(), .program = program}, {}); });
  CHECK(run(plan, {.folder = folder.path(), .program = program}, {}));
  thread.join();
  CHECK(other);
  const std::string begun = read_file(folder.path() + "/begun");
  CHECK(std::count(begun.begin(), begun.end(), '\n') == 2);
}

}  // namespace
}  // namespace temper::reproduce
