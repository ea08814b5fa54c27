#include "models/training/snapshots.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/base/file.h"
#include "core/engine/weights.h"

namespace temper::training {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStem = "epoch-";

fs::path snapshot_folder(const std::string& run) { return fs::path(run) / "snapshots"; }

}  // namespace

void save_snapshot(const std::string& run, const ParameterStore& parameters, Index epoch) {
  make_folder(snapshot_folder(run).string());
  std::string digits = std::to_string(epoch);
  digits.insert(0, digits.size() < 4 ? 4 - digits.size() : 0, '0');
  save_weights(parameters, (snapshot_folder(run) / str_cat(kStem, digits, ".safetensors")).string());
}

std::vector<Snapshot> snapshots(const std::string& run) {
  std::vector<Snapshot> found;
  std::error_code none;
  for (const fs::directory_entry& entry : fs::directory_iterator(snapshot_folder(run), none)) {
    const std::string stem = entry.path().stem().string();
    Index epoch = 0;
    if (!stem.starts_with(kStem) || entry.path().extension() != ".safetensors") continue;
    if (std::from_chars(stem.data() + kStem.size(), stem.data() + stem.size(), epoch).ptr != stem.data() + stem.size()) continue;
    found.push_back({epoch, entry.path().string()});
  }
  std::ranges::sort(found, {}, &Snapshot::epoch);
  return found;
}

void remove_snapshots(const std::string& run) { fs::remove_all(snapshot_folder(run)); }

}  // namespace temper::training
