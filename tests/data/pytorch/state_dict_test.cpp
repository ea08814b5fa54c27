#include "data/pytorch/state_dict.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/random.h"
#include "data/tables/zip.h"
#include "tests/temporary_folder.h"

namespace temper::data {
namespace {

const std::string kCheckpoint = TEMPER_SOURCE_DIR "/tests/golden/state_dict.pt";  // by tests/golden/state_dict.py

TEST_CASE("state_dict: a checkpoint of PyTorch's, of every kind of number, contiguous or not") {
  const TensorFile file = read_state_dict(kCheckpoint);
  CHECK(file.tensors.size() == 11);
  const auto values = [&](const char* name) { return file.tensors.at(str_cat("module.", name)).values; };
  CHECK(file.tensors.at("module.contiguous").shape == Shape{2, 3, 4});
  CHECK(file.tensors.at("module.transposed").shape == Shape{6, 4});
  CHECK(file.tensors.at("module.channels_last").shape == Shape{2, 3, 2, 2});
  for (std::size_t i = 0; i < 24; ++i) {
    CHECK(values("contiguous")[i] == static_cast<float>(i) / 8);
    CHECK(values("channels_last")[i] == static_cast<float>(i) / 8);
    CHECK(values("transposed")[i] == static_cast<float>(i % 4 * 6 + i / 4) / 8);
    CHECK(values("whole")[i] == static_cast<float>(i));
  }
  CHECK(values("slice") == std::vector<float>{5, 8, 11, 14});
  CHECK(values("half") == std::vector<float>{0.5f, -2, 65504, 0x1p-24f});
  CHECK(values("bfloat16") == std::vector<float>{0.5f, -2, 3});
  CHECK(values("double") == std::vector<float>{0.1f, -1e30f});
  CHECK(values("bool") == std::vector<float>{1, 0});
  CHECK(values("parameter") == std::vector<float>{1.5f, 2.5f});
  CHECK(file.tensors.at("module.bn.num_batches_tracked").shape == Shape{});
  CHECK(values("bn.num_batches_tracked") == std::vector<float>{1234567});
}

TEST_CASE("state_dict: what is written is read again, with the counters that PyTorch expects; the same bytes every time") {
  const TemporaryFolder folder;
  TensorFile file;
  file.tensors["conv.weight"] = {{2, 1, 2, 1}, {1, 2, 3, -4}};
  file.tensors["bn1.running_var"] = {{3}, {1, 2, 3}};
  file.tensors["bn2.running_var"] = {{1}, {5}};
  file.tensors["bn2.num_batches_tracked"] = {{}, {77}};
  file.tensors["empty"] = {{0}, {}};
  write_state_dict(folder / "a.pt", file);
  write_state_dict(folder / "b.pt", file);
  CHECK(read_file(folder / "a.pt") == read_file(folder / "b.pt"));
  CHECK(looks_like_state_dict(folder / "a.pt"));
  TensorFile expected = file;
  expected.tensors["bn1.num_batches_tracked"] = {{}, {0}};
  const TensorFile read = read_state_dict(folder / "a.pt");
  REQUIRE(read.tensors.size() == expected.tensors.size());
  for (const auto& entry : expected.tensors) {
    CAPTURE(entry.first);
    CHECK(read.tensors.at(entry.first).shape == entry.second.shape);
    CHECK(read.tensors.at(entry.first).values == entry.second.values);
  }
  const auto store = open_file(folder / "a.pt");
  const ZipArchive archive(*store);
  for (const ZipMember& member : archive.members()) CHECK_FALSE(member.deflated);
}

// An archive of this pickle and one storage of four float32.
void write_archive(const std::string& path, const std::string& pickle) {
  const std::string_view four("\0\0\x80\x3F\0\0\0\x40\0\0\x40\x40\0\0\x80\x40", 16);
  write_zip(path, {{"archive/data.pkl", pickle}, {"archive/data/0", four}, {"archive/version", "3\n"}});
}

// {"w": a tensor of storage 0 with `size` claimed numbers, one extent and one stride}.
std::string tensor_pickle(int claimed, int offset, int extent, int stride, const std::string& type = "FloatStorage") {
  const auto number = [](int value) { return std::string("K") + static_cast<char>(value); };
  return "}U\1wctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\n" + type +
         "\nU\1"
         "0U\3cpu" +
         number(claimed) + "tQ" + number(offset) + number(extent) + "\x85" + number(stride) +
         "\x85"
         "\x89}tRs.";
}

TEST_CASE("state_dict: strides and claims that leave the storage are refused, those that just fit are read") {
  const TemporaryFolder folder;
  const std::string path = folder / "w.pt";
  write_archive(path, tensor_pickle(4, 1, 3, 1));
  CHECK(read_state_dict(path).tensors.at("w").values == std::vector<float>{2, 3, 4});
  write_archive(path, tensor_pickle(4, 1, 2, 2));
  CHECK(read_state_dict(path).tensors.at("w").values == std::vector<float>{2, 4});
  write_archive(path, tensor_pickle(4, 2, 3, 0));  // expanded
  CHECK(read_state_dict(path).tensors.at("w").values == std::vector<float>{3, 3, 3});
  write_archive(path, tensor_pickle(4, 4, 0, 1));
  CHECK(read_state_dict(path).tensors.at("w").values.empty());
  struct Claim {
    int claimed, offset, extent, stride;
    const char* message;
  };
  for (const Claim& c : {Claim{4, 2, 3, 1, "beyond"}, Claim{4, 0, 2, 4, "beyond"}, Claim{4, 4, 1, 1, "beyond"}, Claim{4, 9, 1, 1, "beyond"},
                         Claim{4, 4, 2, 0, "beyond"}, Claim{5, 0, 1, 1, "no storage"}, Claim{3, 0, 1, 1, "no storage"}}) {
    write_archive(path, tensor_pickle(c.claimed, c.offset, c.extent, c.stride));
    CHECK_THROWS_WITH_AS(read_state_dict(path), doctest::Contains(c.message), Error);
  }
  write_archive(path, tensor_pickle(4, 0, 4, 1, "ComplexFloatStorage"));
  CHECK_THROWS_WITH_AS(read_state_dict(path), doctest::Contains("no real numbers"), Error);
}

TEST_CASE("state_dict: what is none says what it is and what to save instead") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pt", witness = folder / "executed";
  const auto refused = [&](const char* message) { CHECK_THROWS_WITH_AS(read_state_dict(path), doctest::Contains(message), Error); };
  const std::string command = "touch " + witness;
  write_archive(path, "cposix\nsystem\n(U" + std::string(1, static_cast<char>(command.size())) + command + "tR.");
  refused("it asks for posix.system");
  CHECK_FALSE(std::filesystem::exists(witness));
  write_archive(path, "cmodels\nNet\n)\x81}b.");
  refused("it asks for models.Net");
  write_archive(path, "}U\1a" + std::string("c__builtin__\neval\ns") + tensor_pickle(4, 0, 4, 1));
  refused("it asks for __builtin__.eval");
  write_archive(path, "}U\1aK\1s.");
  refused("no tensors");
  write_archive(path, "K\1.");
  refused("no dictionary");
  write_zip(path, {{"a.txt", "text"}});
  refused("without data.pkl");
  write_file(path, std::string_view("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.", 15));
  refused("since PyTorch 1.6");
  write_file(path, "text");
  refused("no archive");
  CHECK_THROWS_WITH_AS(read_state_dict(folder / "nowhere.pt"), doctest::Contains("nowhere.pt"), Error);
}

TEST_CASE("state_dict: the tensors of a checkpoint are found in the part that has a usual name, or that is the only one") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pt", weights = tensor_pickle(4, 0, 4, 1), part = weights.substr(0, weights.size() - 1);
  const auto values = [&] { return read_state_dict(path).tensors.at("w").values; };
  write_archive(path, "}U\5epochK\7sU\3any" + part + "s.");
  CHECK(values() == std::vector<float>{1, 2, 3, 4});
  const std::string other = tensor_pickle(4, 1, 2, 1);
  write_archive(path, "}U\3ema" + other.substr(0, other.size() - 1) + "sU\5model" + part + "s.");
  CHECK_THROWS_WITH_AS(values(), doctest::Contains("several parts hold tensors: ema, model; save one of them alone"), Error);
  write_archive(path, "}U\5model" + part + "sU\12state_dict" + other.substr(0, other.size() - 1) + "s.");
  CHECK_THROWS_WITH_AS(values(), doctest::Contains("several parts hold tensors: model, state_dict"), Error);
  write_archive(path, part + part.substr(1) + ".");
  CHECK_THROWS_WITH_AS(values(), doctest::Contains("tensor w occurs twice"), Error);
  write_archive(path, other.substr(0, other.size() - 1) + "U\5model" + part + "s.");  // a tensor beside it, such as a random state
  CHECK(values() == std::vector<float>{1, 2, 3, 4});
  write_archive(path, "}U\1a" + part + "sU\1b" + part + "s.");
  CHECK_THROWS_WITH_AS(values(), doctest::Contains("several parts hold tensors: a, b"), Error);
}

TEST_CASE("state_dict: a small file does not become a large one") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.pt", tensor = tensor_pickle(255, 0, 255, 1), storage(255 * sizeof(float), '\0');
  const auto write_copies = [&](int copies) {
    std::string pickle = "(";  // name, tensor, name, the same tensor, ...
    for (int i = 1000; i < 1000 + copies; ++i) {
      pickle += "U\4" + std::to_string(i) + (i == 1000 ? tensor.substr(4, tensor.size() - 6) + "q\1" : "h\1");
    }
    pickle += "d.";
    write_zip(path, {{"archive/data.pkl", pickle}, {"archive/data/0", storage}});
  };
  write_copies(15);
  CHECK(read_state_dict(path).tensors.size() == 15);
  write_copies(1000);
  CHECK_THROWS_WITH_AS(read_state_dict(path), doctest::Contains("claim more than 16 times"), Error);
}

TEST_CASE("state_dict: damage anywhere is an error or harmless, never a crash") {
  const TemporaryFolder folder;
  const std::string whole = read_file(kCheckpoint), path = folder / "damaged.pt";
  const Random random(1, {});
  for (std::uint64_t i = 0; i < 600; ++i) {
    std::string bytes = whole;
    if (i % 3 == 0) bytes.resize(random.below(2 * i, static_cast<std::uint32_t>(whole.size())));
    for (std::uint64_t k = 0; k < 1 + i % 4 && i % 3 != 0; ++k) {
      bytes[random.below(10'000 + 8 * i + k, static_cast<std::uint32_t>(bytes.size()))] =
          static_cast<char>(random.bits(90'000 + 8 * i + k));
    }
    write_file(path, bytes);
    try {
      read_state_dict(path);
    } catch (const Error& error) {
      CHECK(std::string(error.what()).find("damaged.pt") != std::string::npos);
    }
  }
}

}  // namespace
}  // namespace temper::data
