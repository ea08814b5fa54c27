#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "data/dataset.h"
#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

constexpr int kPlane = 32 * 32;

// Records whose label bytes count up and whose pixel at plane c, position p of record i is (40 c + p + i) mod 256.
Bytes records(int count, int label_bytes, int coarse_classes, int fine_classes = 100, int first = 0) {
  Bytes bytes;
  for (int i = first; i < first + count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(i % coarse_classes));
    if (label_bytes == 2) bytes.push_back(static_cast<std::uint8_t>((i + 50) % fine_classes));
    for (int c = 0; c < 3; ++c) {
      for (int p = 0; p < kPlane; ++p) bytes.push_back(static_cast<std::uint8_t>(40 * c + p + i));
    }
  }
  return bytes;
}
Bytes cifar10_records(int count, int first = 0) { return records(count, 1, 10, 100, first); }
Bytes cifar100_records(int count) { return records(count, 2, 20); }

void write_cifar10(const FileFolder& folder, const std::string& below = "") {
  for (int batch = 1; batch <= 5; ++batch) folder.write(below + "data_batch_" + std::to_string(batch) + ".bin", cifar10_records(8, batch));
  folder.write(below + "test_batch.bin", cifar10_records(12));
}

std::string cifar10_error(const FileFolder& folder) {
  return error_of([&] { cifar10(folder.path()); });
}
std::string cifar100_error(const FileFolder& folder) {
  return error_of([&] { cifar100(folder.path()); });
}

}  // namespace

TEST_CASE("data: CIFAR-10 records become HWC images") {
  for (const char* below : {"", "cifar-10-batches-bin/"}) {
    const FileFolder folder;
    write_cifar10(folder, below);
    const Splits set = load("cifar10:" + folder.path());
    CHECK(set.train.size() == 36);
    CHECK(set.val.size() == 4);
    REQUIRE(set.test.size() == 12);
    CHECK(set.train.name == "cifar10 train");
    CHECK(set.test.name == "cifar10 test");
    CHECK(set.test.image == Shape{32, 32, 3});
    CHECK(set.test.labels[11] == 1);
    CHECK(set.test.class_names[0] == "airplane");
    CHECK(set.test.class_names[9] == "truck");
    const auto image = set.test.pixel_span(11);
    for (std::size_t p = 0; p < kPlane; ++p) {
      for (std::size_t c = 0; c < 3; ++c) REQUIRE(image[p * 3 + c] == static_cast<std::uint8_t>(40 * c + p + 11));
    }
  }
}

TEST_CASE("data: CIFAR-100 gives the fine labels") {
  for (const char* below : {"", "cifar-100-binary/"}) {
    const FileFolder folder;
    folder.write(std::string(below) + "train.bin", cifar100_records(30));
    folder.write(std::string(below) + "test.bin", cifar100_records(60));
    const Splits set = load("cifar100:" + folder.path());
    CHECK(set.train.size() == 27);
    CHECK(set.val.size() == 3);
    CHECK(set.test.classes() == 100);
    CHECK(set.test.class_names[99] == "99");
    CHECK(set.test.labels[0] == 50);
    CHECK(set.test.labels[59] == 9);
    CHECK(set.test.pixel_span(59)[0] == 59);
  }
}

TEST_CASE("data: CIFAR files that are copies of one another, or zeros, are refused, both named") {
  for (const char* other : {"test_batch.bin", "data_batch_1.bin", "data_batch_4.bin"}) {
    const FileFolder folder;
    write_cifar10(folder);
    folder.write("test_batch.bin", cifar10_records(8));
    CHECK(cifar10_error(folder) == "");
    std::filesystem::copy_file(folder.path(other), folder.path("data_batch_3.bin"), std::filesystem::copy_options::overwrite_existing);
    CHECK(holds(cifar10_error(folder), {"data_batch_3.bin", other, "the same content"}));
    folder.write("data_batch_3.bin", Bytes(8 * 3073, 0));
    CHECK(holds(cifar10_error(folder), {"data_batch_3.bin", "are all 0"}));
  }
  const FileFolder folder;
  folder.write("train.bin", cifar100_records(30));
  folder.write("test.bin", cifar100_records(30));
  CHECK(holds(cifar100_error(folder), {"train.bin", "test.bin", "the same content"}));
}

TEST_CASE("data: class names come from the file beside the images") {
  const FileFolder folder;
  write_cifar10(folder);
  folder.write("batches.meta.txt", "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nthe last\n\n\n");
  const std::vector<std::string> names = cifar10(folder.path()).test.class_names;
  CHECK(names.size() == 10);
  CHECK(names[1] == "b");
  CHECK(names[9] == "the last");
  folder.write("batches.meta.txt", "a\nb\nc\n");
  CHECK(holds(cifar10_error(folder), {"batches.meta.txt", "3 class names, expected 10"}));
  folder.write("batches.meta.txt", "a\nb\nc\n\ne\nf\ng\nh\ni\nj\n");
  CHECK(holds(cifar10_error(folder), {"batches.meta.txt", "line 4 is blank"}));
}

TEST_CASE("data: case 20, CIFAR files that are cut off or of the wrong variant") {
  const FileFolder folder;
  write_cifar10(folder);
  const std::string path = folder.path("data_batch_3.bin");

  Bytes cut = cifar10_records(2);  // (a)
  cut.resize(6246);
  folder.write("data_batch_3.bin", cut);
  CHECK(holds(cifar10_error(folder), {path, "6246 bytes", "3073", "2 full records + 100 bytes", "download it again"}));
  cut.resize(100);
  folder.write("data_batch_3.bin", cut);
  CHECK(holds(cifar10_error(folder), {path, "100 bytes", "0 full records + 100 bytes"}));

  folder.write("data_batch_3.bin", Bytes{});  // (b)
  CHECK(holds(cifar10_error(folder), {path, "0 bytes", "3073"}));

  Bytes hundred(30'740'000, 0);  // (c)
  folder.write("data_batch_3.bin", hundred);
  CHECK(holds(cifar10_error(folder), {path, "30740000 bytes", "3073", "+ 781 bytes", "CIFAR-100", "cifar100:DIR"}));

  Bytes labelled = cifar10_records(8);  // (d)
  labelled[0] = 0x0A;
  folder.write("data_batch_3.bin", labelled);
  CHECK(holds(cifar10_error(folder), {path, "label 10 at record 0, expected 0-9"}));
  labelled[0] = 0;
  labelled[5 * 3073] = 255;
  folder.write("data_batch_3.bin", labelled);
  CHECK(holds(cifar10_error(folder), {path, "label 255 at record 5, expected 0-9", "byte 15365"}));

  std::filesystem::remove(path);  // (e), no read permission is in file_bytes_test.cpp
  CHECK(holds(cifar10_error(folder), {path, "no such file", "data_batch_1.bin to data_batch_5.bin and test_batch.bin"}));
  std::filesystem::create_directory(path);
  CHECK(holds(cifar10_error(folder), {path, "is a folder"}));
}

TEST_CASE("data: a CIFAR download that broke off between two records") {
  const FileFolder folder;
  write_cifar10(folder);
  folder.write("data_batch_4.bin", cifar10_records(7));
  CHECK(holds(cifar10_error(folder), {"data_batch_4.bin", "7 records but data_batch_1.bin has 8"}));
  // 50,000 for training, so the test file is the official one: 10,000.
  for (int batch = 1; batch <= 5; ++batch)
    folder.write("data_batch_" + std::to_string(batch) + ".bin", Bytes(30'730'000, static_cast<std::uint8_t>(batch)));
  CHECK(holds(cifar10_error(folder), {"test_batch.bin", "12 records, expected 10000"}));
}

TEST_CASE("data: CIFAR-100 files that are wrong") {
  const FileFolder folder;
  folder.write("train.bin", Bytes(30'730'000, 0));
  folder.write("test.bin", cifar100_records(10));
  CHECK(holds(cifar100_error(folder), {"train.bin", "30730000 bytes", "3074", "CIFAR-10, see cifar10:DIR"}));
  Bytes bytes = cifar100_records(10);
  bytes[3074] = 20;
  folder.write("train.bin", bytes);
  CHECK(holds(cifar100_error(folder), {"label 20 at record 1, expected 0-19 (byte 3074)"}));
  bytes[3074] = 19;
  bytes[3075] = 100;
  folder.write("train.bin", bytes);
  CHECK(holds(cifar100_error(folder), {"label 100 at record 1, expected 0-99 (byte 3075)"}));
  folder.write("train.bin", cifar100_records(9));
  CHECK(holds(cifar100_error(folder), {"only 9 training images"}));
}

TEST_CASE("data: folders and files that people have in place of CIFAR") {
  const std::vector<std::array<std::string, 2>> mistakes{{"data_batch_1", "Python version"},
                                                         {"cifar-10-batches-py/data_batch_1", "Python version"},
                                                         {"cifar-10-binary.tar.gz", "tar -xzf"},
                                                         {"train.bin", "use cifar100:DIR"},
                                                         {"cifar-100-binary/train.bin", "use cifar100:DIR"},
                                                         {"train-images-idx3-ubyte.gz", "use mnist:DIR"}};
  for (const auto& [name, advice] : mistakes) {
    const FileFolder folder;
    folder.write(name, "x");
    CHECK(holds(cifar10_error(folder), {folder.path(), advice, "cifar10:DIR needs the folder cifar-10-batches-bin"}));
  }
  const FileFolder folder;
  write_cifar10(folder);
  folder.write("test_batch.bin", "<html><head><title>404</title></head></html>");
  CHECK(holds(cifar10_error(folder), {"test_batch.bin", "web page"}));
  folder.write("test_batch.bin", "version https://git-lfs.github.com/spec/v1\n");
  CHECK(holds(cifar10_error(folder), {"test_batch.bin", "git lfs pull"}));
  CHECK(holds(cifar100_error(folder), {"use cifar10:DIR"}));
}

TEST_CASE("data: the real CIFAR-10") {
  const char* root = std::getenv("TEMPER_DATA");
  if (root == nullptr) {
    MESSAGE("TEMPER_DATA is not set: the real CIFAR-10 is not tested");
    return;
  }
  const Splits set = load("cifar10:" + std::string(root));
  CHECK(set.train.size() == 45'000);
  CHECK(set.val.size() == 5'000);
  CHECK(set.test.size() == 10'000);
  std::vector<int> count(10);
  for (const std::int32_t label : set.val.labels) ++count[static_cast<std::size_t>(label)];
  for (const int n : count) CHECK(n == 500);
  CHECK(set.test.class_names[3] == "cat");
  // The channel means that everybody uses: 0.4914, 0.4822, 0.4465. With planes taken for pixels all three would be equal.
  std::array<double, 3> sum{};
  for (const auto* part : {&set.train, &set.val}) {
    for (std::size_t i = 0; i < part->pixels.size(); ++i) sum[i % 3] += part->pixels[i];
  }
  constexpr std::array<double, 3> kMeans{0.4914, 0.4822, 0.4465};
  for (std::size_t c = 0; c < 3; ++c) CHECK(sum[c] / (50'000.0 * kPlane * 255.0) == doctest::Approx(kMeans[c]).epsilon(2e-4));
}

}  // namespace temper::data
