#include "core/engine/safetensors.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/base/file.h"
#include "core/engine/weights.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

TensorFile example() {
  TensorFile file;
  file.tensors["a.weight"] = {Shape{2, 3}, {1, 2, 3, 4, 5, std::numeric_limits<float>::denorm_min()}};
  file.tensors["empty"] = {Shape{0, 4}, {}};
  file.tensors["loss"] = {Shape{}, {-0.0f}};
  file.metadata["note"] = "ein \"Zitat\" \xC3\xBC";
  return file;
}

std::string with_header(const std::string& header, const std::string& data) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + header + data;
}

TEST_CASE("safetensors: what is written is read back, bit for bit") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  write_safetensors(path, example());
  const TensorFile back = read_safetensors(path);
  CHECK(back.metadata == example().metadata);
  REQUIRE(back.tensors.size() == 3);
  for (const auto& [name, entry] : example().tensors) {
    CHECK(back.tensors.at(name).shape == entry.shape);
    const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
    const std::vector<float>& values = back.tensors.at(name).values;
    CHECK(std::ranges::equal(values, entry.values, {}, bits, bits));
  }
}

// Case 26: cut at every byte.
TEST_CASE("safetensors: a file cut at any byte is refused with its path") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  write_safetensors(path, example());
  const std::string whole = read_file(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_file(path, whole.substr(0, size));
    CHECK_THROWS_WITH_AS(read_safetensors(path), doctest::Contains("x.safetensors"), Error);
  }
  write_file(path, whole + "x");
  CHECK_THROWS_WITH_AS(read_safetensors(path), doctest::Contains("data"), Error);
}

TEST_CASE("safetensors: headers that lie are refused") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  const auto refused = [&](const std::string& bytes) {
    write_file(path, bytes);
    CHECK_THROWS_AS(read_safetensors(path), Error);
  };
  refused(with_header("[]", ""));
  refused(with_header("{", ""));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}})", "12345678"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "1234"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"));
  refused(with_header(R"({"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}})", "1234"));
  refused(with_header(R"({"a":{"shape":[1],"data_offsets":[0,4]}})", "1234"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", ""));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1,1,1,1,1],"data_offsets":[0,4]}})", "1234"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                      "1234"));
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "12345678"));
  std::string huge = with_header("{}", "");
  huge[7] = '\x7f';
  refused(huge);
}

TEST_CASE("safetensors: what the format forbids in a header is refused by its reason") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  const auto refused = [&](const std::string& bytes, const char* why) {
    CAPTURE(why);
    write_file(path, bytes);
    CHECK_THROWS_WITH_AS(read_safetensors(path), doctest::Contains(why), Error);
    CHECK_THROWS_WITH_AS(read_safetensors(path), doctest::Contains("x.safetensors: not a whole safetensors file: "), Error);
  };
  const std::string one = R"("dtype":"F32","shape":[1],"data_offsets":[0,4])";
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "1234"), "tensor a: a number that is not whole");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})", "1234"), "tensor a: a number that is not whole");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0.7,4.9]}})", "1234"), "tensor a: a number that is not whole");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234"), "tensor a: a negative number");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551615,4]}})", "1234"), "data_offsets do not lie");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551616]}})", "1234"), "not whole");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]}})", "1234"), "true or false");
  refused(with_header(R"({"a":{"dtype":"F32","shape":"1","data_offsets":[0,4]}})", "1234"), "a text where none");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", "1234"), "an array where none");
  refused(with_header(R"({"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}})", "1234"), "a number where none");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}})", "1234"), "not two numbers");
  refused(with_header(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"), "data_offsets is missing");
  refused(with_header("{\"a\":{" + one + "},\"a\":{" + one + "}}", "1234"), "tensor a: its name occurs twice");
  refused(with_header("{\"a\":{\"shape\":[1]," + one + "}}", "1234"), "tensor a: the key shape occurs twice");
  refused(with_header("{\"a\\u0000b\":{" + one + "}}", "1234"), "a NUL in it");
  refused(with_header("{\"a\":{" + one + "}}" + std::string(3, '\0'), "1234"), "not valid JSON at byte");
  refused(with_header(" {\"a\":{" + one + "}}", "1234"), "from its first byte on");
  refused(with_header("\xEF\xBB\xBF{\"a\":{" + one + "}}", "1234"), "from its first byte on");
  refused(with_header("{\"a\":{" + one + "}} {", "1234"), "not valid JSON at byte");
  refused(with_header("{\"__metadata__\":{\"x\":\"1\",\"x\":\"2\"},\"a\":{" + one + "}}", "1234"), "the key x occurs twice");
  refused(with_header("{\"__metadata__\":{\"x\":1},\"a\":{" + one + "}}", "1234"), "a number where none");
  const std::string large(100'000'001, ' ');
  refused(with_header("{" + large + "}", ""), "more than 100000000");
  write_file(path, with_header("{\"__metadata__\":{\"x\":\"1\"},\"a\":{" + one + "}}   ", "1234"));
  CHECK(read_safetensors(path).metadata.at("x") == "1");
  // As many names as a file can hold are searched in no more time than it takes to read them.
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i)
    many += (i ? ",\"" : "\"") + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  write_file(path, with_header(many + "}", ""));
  CHECK(read_safetensors(path).tensors.size() == 100'000);
}

TEST_CASE("safetensors: the other number types are converted") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  write_file(path,
             with_header(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[8,10]},)"
                         R"("i":{"dtype":"I8","shape":[2],"data_offsets":[10,12]}})",
                         std::string("\x00\x3c\x01\x00\x00\xfc\x00\xc4\xc0\x3f\xff\x07", 12)));
  const TensorFile file = read_safetensors(path);
  CHECK(file.tensors.at("h").values == std::vector<float>{1, std::ldexp(1.0f, -24), -INFINITY, -4});
  CHECK(file.tensors.at("b").values == std::vector<float>{1.5f});
  CHECK(file.tensors.at("i").values == std::vector<float>{-1, 7});
}

Initializer counting() {
  return [](const View& value, const Random&) {
    for (Index i = 0; i < value.size(); ++i) value[i] = static_cast<float>(i);
  };
}

TEST_CASE("weights: files have PyTorch's axis order, and loading is all or nothing") {
  const TemporaryFolder folder;
  const std::string path = folder / "model.safetensors";
  const auto build = [](ParameterStore& store, Index outputs) {
    store.root().declare(
        {.name = "conv", .shape = Shape{2, 1, 3, 2}, .initialize = counting(), .file_layout = Parameter::FileLayout::kernel});
    store.root().declare(
        {.name = "fc", .shape = Shape{outputs, 1, 2, 2}, .initialize = counting(), .file_layout = Parameter::FileLayout::flattened_image});
    store.root().declare({.name = "mean", .shape = Shape{3}, .initialize = counting(), .kind = Parameter::Kind::buffer});
    store.commit({});
  };
  ParameterStore store;
  build(store, 1);
  CHECK(store.learned_size() == 16);
  save_weights(store, path);
  const TensorFile file = read_safetensors(path);
  CHECK(file.tensors.at("conv").shape == Shape{2, 2, 1, 3});
  CHECK(file.tensors.at("conv").values == std::vector<float>{0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11});
  CHECK(file.tensors.at("fc").shape == Shape{1, 4});
  CHECK(file.tensors.at("fc").values == std::vector<float>{0, 2, 1, 3});

  const std::vector<float> before(store.all_values().begin(), store.all_values().end());
  std::fill(store.all_values().begin(), store.all_values().end(), 9.0f);
  load_weights(store, path);
  for (const Parameter& parameter : store.parameters()) {
    for (Index i = 0; i < parameter.value.size(); ++i) CHECK(parameter.value[i] == static_cast<float>(i));
  }

  ParameterStore other;
  build(other, 2);
  const std::vector<float> untouched(other.all_values().begin(), other.all_values().end());
  CHECK_THROWS_WITH_AS(load_weights(other, path), doctest::Contains("fc has the shape (1,4), the network needs (2,4)"), Error);
  CHECK(std::equal(untouched.begin(), untouched.end(), other.all_values().begin()));

  TensorFile changed = file;
  changed.tensors["bn.num_batches_tracked"] = {Shape{}, {3}};
  write_safetensors(path, changed);
  load_weights(store, path);
  changed.tensors["extra"] = {Shape{1}, {0}};
  write_safetensors(path, changed);
  CHECK_THROWS_WITH_AS(load_weights(store, path), doctest::Contains("no parameter extra"), Error);
  changed = file;
  changed.tensors["mean"].values[1] = NAN;
  write_safetensors(path, changed);
  CHECK_THROWS_WITH_AS(load_weights(store, path), doctest::Contains("mean holds a NaN"), Error);
  changed = file;
  changed.tensors.erase("mean");
  write_safetensors(path, changed);
  CHECK_THROWS_WITH_AS(load_weights(store, path), doctest::Contains("mean is missing"), Error);
}

}  // namespace
}  // namespace temper
