// The folder of a data set's files: the one that the user named, or the folder inside it that its archive unpacks to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace temper::data {

class DataFolder {
 public:
  // Tries `dir` itself, then each of `inner` ("cifar-10-batches-bin", ...) inside it, and takes the first that has one of `signs`, files
  // that only this data set has. Throws Error when `dir` is missing, unreadable, a file, or has none; the error ends in `expected`, which
  // says what DIR should contain.
  DataFolder(const std::string& dir, const std::vector<std::string>& inner, const std::vector<std::string>& signs, std::string expected);

  // The path of the first name that exists, or nothing.
  std::optional<std::string> find(const std::vector<std::string>& names) const;
  // The same; throws Error when none exists.
  std::string require(const std::vector<std::string>& names) const;

 private:
  std::string dir_, expected_;
};

// The lines of a list of class names: blank lines at the end dropped, "\r\n" and "\r" accepted. Throws Error unless there are `count`
// names.
std::vector<std::string> read_class_names(const std::string& path, std::size_t count);

// "0", "1", ...: the names of classes that have none.
std::vector<std::string> numbered_classes(std::size_t count);

}  // namespace temper::data
