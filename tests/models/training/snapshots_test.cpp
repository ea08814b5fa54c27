#include "models/training/snapshots.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/engine/weights.h"
#include "tests/optim/toy_store.h"
#include "tests/temporary_folder.h"

namespace temper::training {
namespace {

TEST_CASE("snapshots: found by their epochs, in order, whatever else lies beside them") {
  const TemporaryFolder folder;
  CHECK(snapshots(folder.path()).empty());
  ToyStore toy;
  Parameter& w = toy.add("w", 2, [](Index) { return 0.0; });
  toy.commit();
  for (const Index epoch : {2, 12345, 10, 1}) {
    w.value[0] = static_cast<float>(epoch);
    save_snapshot(folder.path(), toy.store, epoch);
  }
  for (const char* other : {"snapshots/epoch-3.txt", "snapshots/epoch-x.safetensors", "snapshots/step-4.safetensors"})
    write_file(folder / other, "");
  const std::vector<Snapshot> found = snapshots(folder.path());
  REQUIRE(found.size() == 4);
  Index before = 0;
  for (const Snapshot& snapshot : found) {
    CHECK(snapshot.epoch > before);
    before = snapshot.epoch;
    load_weights(toy.store, snapshot.path);
    CHECK(w.value[0] == static_cast<float>(snapshot.epoch));
  }
  remove_snapshots(folder.path());
  CHECK(snapshots(folder.path()).empty());
}

}  // namespace
}  // namespace temper::training
