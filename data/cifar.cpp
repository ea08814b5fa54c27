// CIFAR-10 and CIFAR-100 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009), binary version: records of one label
// byte (CIFAR-100: coarse, then fine) and 3 x 32 x 32 pixel bytes, channel by channel. No header: only the size tells a damaged file.
#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "core/base/check.h"
#include "core/base/fingerprint.h"
#include "data/data_folder.h"
#include "data/dataset.h"
#include "data/file_bytes.h"
#include "data/sources.h"

namespace temper::data {
namespace {

constexpr Index kSide = 32, kChannels = 3, kPlane = kSide * kSide, kPixels = kChannels * kPlane;
constexpr Index kHeldOutOneIn = 10;  // 5,000 of 50,000
constexpr Index kOfficialTrain = 50000;
constexpr Index kOfficialTest = 10000;

struct Format {
  const char* name;
  std::array<int, 2> label_classes;  // how many values each label byte of a record may take; 0: there is no such byte
  const char* other;                 // the variant that the file may be instead
  Index other_record;

  Index label_bytes() const { return label_classes[1] == 0 ? 1 : 2; }
  Index record() const { return label_bytes() + kPixels; }
  int classes() const { return label_classes[static_cast<std::size_t>(label_bytes() - 1)]; }  // the last label byte is the finest
};
constexpr Format kFormat10{.name = "cifar10", .label_classes = {10, 0}, .other = "CIFAR-100, see cifar100:DIR", .other_record = 3074};
constexpr Format kFormat100{.name = "cifar100", .label_classes = {20, 100}, .other = "CIFAR-10, see cifar10:DIR", .other_record = 3073};

void check_file_size(const FileBytes& file, const Format& format) {
  const auto size = static_cast<Index>(file.bytes.size());
  const Index records = size / format.record(), rest = size % format.record();
  TEMPER_CHECK(size > 0, file.path, ": 0 bytes, expected records of ", format.record(), " bytes; download it again");
  if (rest == 0) return;
  const std::string guess = guess_kind(file.bytes);
  const std::string advice = !guess.empty()                    ? guess
                             : size % format.other_record == 0 ? str_cat("it looks like ", format.other)
                                                               : "the file is cut off or damaged: download it again";
  throw Error(str_cat(file.path, ": ", size, " bytes is no multiple of the record size ", format.record(), ": ", records,
                      " full records + ", rest, " bytes; ", advice));
}

void check_labels(const FileBytes& file, const Format& format) {
  const Index records = static_cast<Index>(file.bytes.size()) / format.record();
  for (Index i = 0; i < records; ++i) {
    for (Index j = 0; j < format.label_bytes(); ++j) {
      const Index at = i * format.record() + j;
      const int label = file.bytes[static_cast<std::size_t>(at)];
      const int classes = format.label_classes[static_cast<std::size_t>(j)];
      if (label < classes) continue;
      const std::string guess = guess_kind(file.bytes);
      throw Error(str_cat(file.path, ": label ", label, " at record ", i, ", expected 0-", classes - 1, " (byte ", at, "); ",
                          guess.empty() ? "the file is damaged or no " + std::string(format.name) + ": download it again" : guess));
    }
  }
}

// The files of a set, by what is in them: a copy of one in the place of another would train on the test, or on the same images twice.
class DifferentFiles {
 public:
  void add(const FileBytes& file) {
    TEMPER_CHECK(std::ranges::any_of(file.bytes, [](std::uint8_t byte) { return byte != 0; }), file.path, ": its ", file.bytes.size(),
                 " bytes are all 0; download it again");
    const auto [other, first] = paths_.emplace(Fingerprint().add(std::span(file.bytes)).hex(), file.path);
    TEMPER_CHECK(first, file.path, ": has the same content as ", other->second, "; download both again");
  }

 private:
  std::map<std::string, std::string> paths_;
};

// Appends the records of a file to `set`; planes become pixels: (3,32,32) -> (32,32,3). Returns how many there were.
Index append(const std::string& path, const Format& format, DifferentFiles& files, Dataset& set) {
  const FileBytes file = read_unpacked(path);
  check_file_size(file, format);
  check_labels(file, format);
  files.add(file);
  const Index records = static_cast<Index>(file.bytes.size()) / format.record();
  std::size_t out = set.pixels.size();
  set.pixels.resize(out + static_cast<std::size_t>(records * kPixels));
  for (Index i = 0; i < records; ++i) {
    const std::uint8_t* planes = file.bytes.data() + i * format.record() + format.label_bytes();
    set.labels.push_back(planes[-1]);
    for (Index p = 0; p < kPlane; ++p) {
      for (Index c = 0; c < kChannels; ++c) set.pixels[out++] = planes[c * kPlane + p];
    }
  }
  return records;
}

Dataset empty_set(const Format& format, std::string part, std::vector<std::string> class_names) {
  return {.name = format.name + std::move(part),
          .image = {kSide, kSide, kChannels},
          .pixels = {},
          .labels = {},
          .class_names = std::move(class_names)};
}

// The files carry no count, so a download that broke off between two records shows only in the company of the others.
Splits divide(const Dataset& all, Dataset test, const std::string& test_path) {
  TEMPER_CHECK(all.size() != kOfficialTrain || test.size() == kOfficialTest, test_path, ": ", test.size(), " records, expected ",
               kOfficialTest, " beside ", kOfficialTrain, " for training; download it again");
  TEMPER_CHECK(all.size() >= kHeldOutOneIn, all.name, ": only ", all.size(), " training images, too few to hold some out; use at least ",
               kHeldOutOneIn);
  auto [train, val] = hold_out(all, all.size() / kHeldOutOneIn);
  return {std::move(train), std::move(val), std::move(test)};
}

}  // namespace

Splits cifar10(const std::string& dir) {
  const DataFolder folder(dir, {"cifar-10-batches-bin"}, {"data_batch_1.bin", "test_batch.bin"},
                          "cifar10:DIR needs the folder cifar-10-batches-bin of cifar-10-binary.tar.gz, with data_batch_1.bin to "
                          "data_batch_5.bin and test_batch.bin");
  std::vector<std::string> names{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  if (const auto path = folder.find({"batches.meta.txt"})) names = read_class_names(*path, names.size());

  Dataset all = empty_set(kFormat10, "", names), test = empty_set(kFormat10, " test", names);
  DifferentFiles files;
  Index first_count = 0;
  for (int batch = 1; batch <= 5; ++batch) {
    const std::string path = folder.require({str_cat("data_batch_", batch, ".bin")});
    const Index count = append(path, kFormat10, files, all);
    if (batch == 1) first_count = count;
    TEMPER_CHECK(count == first_count, path, ": ", count, " records but data_batch_1.bin has ", first_count,
                 ", the five are of one size; download the smaller again");
  }
  const std::string test_path = folder.require({"test_batch.bin"});
  append(test_path, kFormat10, files, test);
  return divide(all, std::move(test), test_path);
}

Splits cifar100(const std::string& dir) {
  const DataFolder folder(dir, {"cifar-100-binary"}, {"train.bin", "test.bin"},
                          "cifar100:DIR needs the folder cifar-100-binary of cifar-100-binary.tar.gz, with train.bin and test.bin");
  std::vector<std::string> names = numbered_classes(static_cast<std::size_t>(kFormat100.classes()));
  if (const auto path = folder.find({"fine_label_names.txt"})) names = read_class_names(*path, names.size());

  Dataset all = empty_set(kFormat100, "", names), test = empty_set(kFormat100, " test", names);
  DifferentFiles files;
  append(folder.require({"train.bin"}), kFormat100, files, all);
  const std::string test_path = folder.require({"test.bin"});
  append(test_path, kFormat100, files, test);
  return divide(all, std::move(test), test_path);
}

namespace {

constexpr std::string_view kSettings = R"(
epochs = 30
batch = 128
shift = 4
flip = "random"
lr = 0.1
warm_up_epochs = 1
)";

}  // namespace

extern constinit const DataSource kCifar10{.kind = "cifar10",
                                           .forms = {{{"cifar10:DIR", "CIFAR-10, binary version: data_batch_1..5.bin and test_batch.bin"}}},
                                           .expected = "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
                                           .settings = kSettings,
                                           .read_images = [](const std::string& dir, const LoadOptions&) { return cifar10(dir); }};

extern constinit const DataSource kCifar100{.kind = "cifar100",
                                            .forms = {{{"cifar100:DIR", "CIFAR-100, binary version: train.bin and test.bin"}}},
                                            .expected = "train.bin and test.bin",
                                            .settings = kSettings,
                                            .read_images = [](const std::string& dir, const LoadOptions&) { return cifar100(dir); }};

}  // namespace temper::data
