#include "data/data_folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/base/check.h"
#include "data/file_bytes.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

std::string in_folder(const std::string& dir, const std::string& name) { return (fs::path(dir) / name).string(); }

std::optional<std::string> find_first(const std::string& dir, const std::vector<std::string>& names) {
  std::error_code ignored;  // an unreadable entry counts as absent; a folder in place of a file does not: read_file reports it
  for (const std::string& name : names) {
    std::string path = in_folder(dir, name);
    if (fs::exists(path, ignored)) return path;
  }
  return std::nullopt;
}

// What is there instead of the set: the commonest mistakes, each with its way out.
std::string hint(const std::string& dir) {
  static constexpr std::pair<const char*, const char*> kMistakes[] = {
      {"data_batch_1", "this is the Python version of CIFAR-10: get the binary version"},
      {"cifar-10-batches-py", "this is the Python version of CIFAR-10: get the binary version"},
      {"meta", "this is the Python version of CIFAR-100: get the binary version"},
      {"cifar-100-python", "this is the Python version of CIFAR-100: get the binary version"},
      {"cifar-10-binary.tar.gz", "cifar-10-binary.tar.gz is not unpacked: run tar -xzf cifar-10-binary.tar.gz"},
      {"cifar-100-binary.tar.gz", "cifar-100-binary.tar.gz is not unpacked: run tar -xzf cifar-100-binary.tar.gz"},
      {"data_batch_1.bin", "the files of CIFAR-10 are there: use cifar10:DIR"},
      {"cifar-10-batches-bin", "the files of CIFAR-10 are there: use cifar10:DIR"},
      {"train.bin", "the files of CIFAR-100 are there: use cifar100:DIR"},
      {"cifar-100-binary", "the files of CIFAR-100 are there: use cifar100:DIR"},
      {"train-images-idx3-ubyte", "the files of MNIST are there: use mnist:DIR"},
      {"train-images-idx3-ubyte.gz", "the files of MNIST are there: use mnist:DIR"},
  };
  for (const auto& [name, advice] : kMistakes) {
    if (find_first(dir, {name})) return std::string(advice) + "; ";
  }
  return {};
}

}  // namespace

DataFolder::DataFolder(const std::string& dir, const std::vector<std::string>& inner, const std::vector<std::string>& signs,
                       std::string expected)
    : expected_(std::move(expected)) {
  TEMPER_CHECK(!dir.empty(), "data: the name of the folder is empty; ", expected_);
  std::error_code error;
  const fs::file_status status = fs::status(dir, error);
  TEMPER_CHECK(status.type() != fs::file_type::not_found, dir, ": no such folder; ", expected_);
  TEMPER_CHECK(status.type() != fs::file_type::none, dir, ": cannot be read (", error.message(), "); check the permissions");
  TEMPER_CHECK(status.type() == fs::file_type::directory, dir, ": is a file where a folder was expected (unpack an archive first); ",
               expected_);
  const fs::directory_iterator readable(dir, error);
  TEMPER_CHECK(!error, dir, ": the folder cannot be read (", error.message(), "); check the permissions");
  if (find_first(dir, signs)) {
    dir_ = dir;
    return;
  }
  for (const std::string& name : inner) {
    dir_ = in_folder(dir, name);
    if (find_first(dir_, signs)) return;
  }
  throw Error(str_cat(dir, ": has none of ", signs.front(), " and the like; ", hint(dir), expected_));
}

std::optional<std::string> DataFolder::find(const std::vector<std::string>& names) const { return find_first(dir_, names); }

std::string DataFolder::require(const std::vector<std::string>& names) const {
  const std::optional<std::string> path = find(names);
  TEMPER_CHECK(path, in_folder(dir_, names.front()), ": no such file; ", expected_);
  return *path;
}

std::vector<std::string> read_class_names(const std::string& path, std::size_t count) {
  const FileBytes file = read_unpacked(path);
  std::vector<std::string> names(1);
  for (std::size_t i = 0; i < file.bytes.size(); ++i) {
    const std::uint8_t byte = file.bytes[i];
    if (byte == '\n' && i > 0 && file.bytes[i - 1] == '\r') continue;
    if (byte == '\n' || byte == '\r') {
      names.emplace_back();
    } else {
      names.back() += static_cast<char>(byte);
    }
  }
  while (!names.empty() && names.back().empty()) names.pop_back();
  TEMPER_CHECK(names.size() == count, path, ": ", names.size(), " class names, expected ", count,
               " lines with one each; repair or remove the file");
  const auto blank = std::ranges::find_if(names, &std::string::empty);
  TEMPER_CHECK(blank == names.end(), path, ": line ", blank - names.begin() + 1,
               " is blank, expected a class name; repair or remove the file");
  return names;
}

std::vector<std::string> numbered_classes(std::size_t count) {
  std::vector<std::string> names(count);
  for (std::size_t k = 0; k < count; ++k) names[k] = std::to_string(k);
  return names;
}

}  // namespace temper::data
