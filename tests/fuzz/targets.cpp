#include "tests/fuzz/targets.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/base/json.h"
#include "core/engine/safetensors.h"
#include "data/data_folder.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/images/file_list.h"
#include "data/images/image.h"
#include "data/pytorch/pickle.h"
#include "data/pytorch/state_dict.h"
#include "data/tables/table.h"
#include "data/text/parallel_corpus.h"
#include "data/text/subwords.h"
#include "data/unpack.h"
#include "models/calibration/study/calibration_file.h"
#include "models/runs/classes_file.h"
#include "models/runs/image_run.h"
#include "models/runs/log_file.h"
#include "models/runs/run.h"
#include "models/runs/run_file.h"
#include "models/runs/step_log.h"
#include "models/runs/sweep.h"
#include "models/training/checkpoints.h"
#include "models/training/class_weights.h"
#include "models/training/recipe.h"
#include "models/training/recipe_file.h"

namespace temper::fuzz {
namespace {

const std::string kRuns = "tests/fixtures/c2dddfa/", kPictures = "tests/golden/pictures/";

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string put_file(const std::string& folder, const std::string& name, std::string_view bytes) {
  const std::string path = folder + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

std::vector<std::uint8_t> unsigned_bytes(std::string_view bytes) { return {bytes.begin(), bytes.end()}; }

void read_picture(std::string_view bytes, const std::string&) {
  const data::Image image = data::decode_image(unsigned_bytes(bytes), "input");
  expect(image.height > 0 && image.width > 0 && static_cast<Index>(image.pixels.size()) == 3 * image.height * image.width);
}

// The chunks' checksums.
std::string repair_png(std::string bytes) {
  const auto size_at = [&](std::size_t at) {
    std::size_t size = 0;
    for (std::size_t i = at; i < at + 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
    return size;
  };
  for (std::size_t at = 8; at + 12 <= bytes.size() && size_at(at) <= bytes.size() - at - 12; at += 12 + size_at(at)) {
    const std::uint32_t checksum = data::compute_crc32({reinterpret_cast<const std::uint8_t*>(bytes.data()) + at + 4, size_at(at) + 4});
    for (std::size_t i = 0; i < 4; ++i) bytes[at + 8 + size_at(at) + i] = static_cast<char>(checksum >> (24 - 8 * i) & 0xFF);
  }
  return bytes;
}

void read_idx(std::string_view bytes, const std::string& folder) {
  data::FileBytes images = data::read_idx(put_file(folder, "images", bytes), 3);
  const std::size_t count = images.bytes.size() > 8 ? images.bytes[7] : 0;
  std::string labels{'\0', '\0', 8, 1, '\0', '\0', '\0', static_cast<char>(count)};
  labels.resize(8 + count, '\1');
  data::parse_idx(std::move(images), data::read_idx(put_file(folder, "labels", labels), 1), "input").check();
}

void read_idx_labels(std::string_view bytes, const std::string& folder) {
  const data::FileBytes labels = data::read_idx(put_file(folder, "labels", bytes), 1);
  const std::size_t count = labels.bytes.size() > 8 ? labels.bytes[7] : 0;
  std::string images{'\0', '\0', 8, 3, '\0', '\0', '\0', static_cast<char>(count), '\0', '\0', '\0', 1, '\0', '\0', '\0', 1};
  images.resize(16 + count, '\1');
  data::parse_idx(data::read_idx(put_file(folder, "images", images), 3), labels, "input").check();
}

std::string cifar_records(int first, int count, int label_bytes) {
  std::string bytes;
  for (int i = first; i < first + count; ++i) {
    bytes.append(static_cast<std::size_t>(label_bytes), static_cast<char>(i));
    for (int p = 0; p < 3072; ++p) bytes += static_cast<char>(p + i);
  }
  return bytes;
}

void read_cifar10(std::string_view bytes, const std::string& folder) {
  for (int batch = 2; batch <= 5; ++batch) {
    const std::string name = "data_batch_" + std::to_string(batch) + ".bin";
    if (!std::filesystem::exists(folder + "/" + name)) put_file(folder, name, cifar_records(batch, 2, 1));
  }
  if (!std::filesystem::exists(folder + "/test_batch.bin")) put_file(folder, "test_batch.bin", cifar_records(8, 1, 1));
  put_file(folder, "data_batch_1.bin", bytes);
  const data::Splits splits = data::cifar10(folder);
  splits.train.check();
  splits.val.check();
}

void read_cifar100(std::string_view bytes, const std::string& folder) {
  put_file(folder, "train.bin", bytes);
  put_file(folder, "test.bin", cifar_records(0, 1, 2));
  data::cifar100(folder).train.check();
}

void read_table(std::string_view bytes, std::string_view part) {
  Index rows = 0, columns = 0, claimed = -1;
  data::RowSink sink;
  sink.begin = [&](Index height, Index width) {
    claimed = height;
    columns = width;
  };
  sink.row = [&](Index row, std::span<const double> values) { expect(row == rows++ && static_cast<Index>(values.size()) == columns); };
  data::read_table(*data::bytes_in_memory("input", bytes), part, sink);
  expect(rows > 0 && (claimed == -1 || claimed == rows));
}

void read_table_and_part(std::string_view bytes, const std::string&) {
  try {
    read_table(bytes, "logits");
  } catch (const Error&) {
    read_table(bytes, "");
  }
}

void check_tensors(const TensorFile& file) {
  for (const auto& [name, entry] : file.tensors) expect(static_cast<Index>(entry.values.size()) == entry.shape.size());
}

void read_class_record(std::string_view bytes, const std::string& folder) {
  const runs::ClassRecord record = runs::load_classes(put_file(folder, "classes.json", bytes));
  Index listed = record.confusion.left_out;
  for (const calibration::Mistakes& cell : record.confusion.mistakes) listed += cell.count;
  expect(listed == record.confusion.wrong());
  runs::save_classes(folder, record);
  expect(runs::load_classes(folder + "/classes.json").confusion == record.confusion);
}

void read_run(std::string_view bytes, const std::string& folder) {
  put_file(folder, "run.json", bytes);
  runs::read_run(folder);
  if (!std::filesystem::exists(folder + "/model.safetensors"))
    std::filesystem::copy_file(std::string(TEMPER_SOURCE_DIR) + "/" + kRuns + "student/model.safetensors", folder + "/model.safetensors");
  runs::load_image_run(folder);
}

void read_checkpoint(std::string_view bytes, const std::string& folder) {
  put_file(folder, "checkpoint/step-000000000040.safetensors", bytes);
  expect(training::Checkpoints(folder).newest([](const std::string&) {}).has_value());
}

void read_subwords(std::string_view bytes, const std::string&) {
  const data::Subwords subwords = data::Subwords::from_bytes(std::string(bytes), "input");
  const std::vector<std::int32_t> ids = subwords.encode("a small text, an \xC3\xA4");
  subwords.decode(ids);
}

void read_text(std::string_view bytes, const std::string&) {
  for (const std::string& line : data::split_lines(bytes, "input")) {
    data::normalise(line, {.nfkc = true, .lower_case = false});
    data::normalise(line, {.nfkc = false, .lower_case = true});
  }
}

const std::vector<Target> kTargets = {
    {.name = "png",
     .files = {kPictures + "sawtooth_10x7.png", kPictures + "sawtooth_12x30_of_box.png"},
     .read = read_picture,
     .repair = repair_png},
    {.name = "jpeg", .files = {kPictures + "progressive.jpg", kPictures + "cmyk.jpg"}, .read = read_picture},
    {.name = "gif", .files = {kPictures + "palette.gif"}, .read = read_picture},
    {.name = "bitmap", .files = {}, .read = read_picture},  // BMP, TGA, PNM
    {.name = "packed",
     .files = {},
     .read = [](std::string_view bytes, const std::string& folder) { data::read_unpacked(put_file(folder, "file", bytes)); }},
    {.name = "idx", .files = {}, .read = read_idx},
    {.name = "idx-labels", .files = {}, .read = read_idx_labels},
    {.name = "cifar10", .files = {}, .read = read_cifar10, .seeds = [] { return std::vector{cifar_records(0, 2, 1)}; }},
    {.name = "cifar100", .files = {}, .read = read_cifar100, .seeds = [] { return std::vector{cifar_records(0, 11, 2)}; }},
    {.name = "class-names",
     .files = {},
     .read = [](std::string_view bytes, const std::string& folder) { data::read_class_names(put_file(folder, "names", bytes), 3); }},
    {.name = "split-file",
     .files = {},
     .read = [](std::string_view bytes, const std::string& folder) { data::list_split_file(put_file(folder, "split.csv", bytes)); }},
    {.name = "table", .files = {kRuns + "labels.npy", "tests/golden/stored.npz", "tests/golden/deflated.npz"}, .read = read_table_and_part},
    {.name = "safetensors",
     .files = {kRuns + "student/model.safetensors"},
     .read = [](std::string_view bytes,
                const std::string& folder) { check_tensors(read_safetensors(put_file(folder, "x.safetensors", bytes))); }},
    {.name = "pickle",
     .files = {},
     .read = [](std::string_view bytes, const std::string&) { expect(data::Pickle(bytes, "input").size() > 0); }},
    {.name = "state-dict",
     .files = {"tests/golden/state_dict.pt"},
     .read = [](std::string_view bytes,
                const std::string& folder) { check_tensors(data::read_state_dict(put_file(folder, "x.pt", bytes))); }},
    {.name = "json",
     .files = {kRuns + "student/run.json"},
     .read = [](std::string_view bytes, const std::string&) { JsonNode(parse_json(bytes)).has("a"); }},
    {.name = "run", .files = {kRuns + "student/run.json", kRuns + "converted/run.json", kRuns + "translator/run.json"}, .read = read_run},
    {.name = "log",
     .files = {kRuns + "student/log.csv", kRuns + "converted/log.csv"},
     .read = [](std::string_view bytes, const std::string&) { runs::parse_log(bytes, "input"); }},
    {.name = "calibrator",
     .files = {kRuns + "logits-temperature/calibrator.json", kRuns + "logits-histogram/calibrator.json",
               kRuns + "logits-matrix/calibrator.json"},
     .read = [](std::string_view bytes,
                const std::string& folder) { calibration::load_calibration(put_file(folder, "calibrator.json", bytes)); }},
    {.name = "classes", .files = {}, .read = read_class_record},
    {.name = "checkpoint", .files = {kRuns + "stopped/checkpoint/step-000000000040.safetensors"}, .read = read_checkpoint},
    {.name = "recipe",
     .files = {},
     .read =
         [](std::string_view bytes, const std::string&) {
           training::Recipe recipe;
           training::SettingLists lists;
           training::read_recipe(bytes, "input", recipe, &lists);
         }},
    {.name = "sweep",
     .files = {},
     .read =
         [](std::string_view bytes, const std::string& folder) {
           put_file(folder, "sweep.json", bytes);
           const runs::Sweep sweep = runs::read_sweep(folder);
           for (const runs::SweepPoint& point : runs::points(sweep))
             if (point.name.find('/') != std::string::npos) std::abort();
         }},
    {.name = "step-log",
     .files = {},
     .read =
         [](std::string_view bytes, const std::string& folder) {
           put_file(folder, runs::kStepLog, bytes);
           const runs::StepLog log(folder, 3, "images", 50);
         }},
    {.name = "class-weights",
     .files = {},
     .read =
         [](std::string_view bytes, const std::string&) {
           const std::vector<std::string> names{"cat", "dog, small", "emu"};
           if (training::parse_class_weights(std::string(bytes), "input", names).size() != names.size()) std::abort();
         }},
    {.name = "subwords", .files = {kRuns + "translator/subwords.model"}, .read = read_subwords},
    {.name = "text", .files = {"README.md"}, .read = read_text},
};

}  // namespace

std::span<const Target> targets() { return kTargets; }

}  // namespace temper::fuzz
