#include "data/pytorch/tensor_names.h"

#include <doctest/doctest.h>

#include "core/base/check.h"

namespace temper::data {
namespace {

TensorFile file_of(std::initializer_list<const char*> names) {
  TensorFile file;
  for (const char* name : names) file.tensors[name] = {{1}, {static_cast<float>(file.tensors.size())}};
  return file;
}

std::vector<std::string> names_of(const TensorFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.tensors) names.push_back(name);
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("tensor names: whole parts are renamed, wherever they stand, and values stay with them") {
  TensorFile file = file_of({"a.linear.bias", "linear", "linear.linear.weight", "linear2.weight"});
  rename_part(file, "linear", "fc");
  CHECK(names_of(file) == Names{"a.fc.bias", "fc", "fc.fc.weight", "linear2.weight"});
  CHECK(file.tensors.at("a.fc.bias").values.front() == 0);
  rename_part(file, "fc.fc", "out");
  CHECK(names_of(file) == Names{"a.fc.bias", "fc", "linear2.weight", "out.weight"});
  rename_part(file, "a", "");
  CHECK(file.tensors.contains("fc.bias"));
}

TEST_CASE("tensor names: a part that no name has, and names that meet, are refused") {
  TensorFile file = file_of({"a.x", "b.x"});
  CHECK_THROWS_WITH_AS(rename_part(file, "c", "d"), doctest::Contains("no part of any name"), Error);
  file = file_of({"a.x", "b.x"});
  CHECK_THROWS_WITH_AS(rename_part(file, "a", "b"), doctest::Contains("makes two tensors one: b.x"), Error);
  file = file_of({"a"});
  CHECK_THROWS_WITH_AS(rename_part(file, "a", ""), doctest::Contains("without a name"), Error);
}

TEST_CASE("tensor names: what stands before all names is left out, and only that") {
  TensorFile file = file_of({"module.model.conv1.weight", "module.model.fc.bias"});
  leave_out_prefix(file, "conv1.weight");
  CHECK(names_of(file) == Names{"conv1.weight", "fc.bias"});
  for (const auto& names : {std::initializer_list<const char*>{"net.conv1.weight", "loss.weight"},
                            {"conv1.weight", "model.conv1.weight"},
                            {"model.other", "model.fc"},
                            {"xconv1.weight", "xfc"}}) {
    file = file_of(names);
    const Names before = names_of(file);
    leave_out_prefix(file, "conv1.weight");
    CHECK(names_of(file) == before);
  }
}

}  // namespace
}  // namespace temper::data
