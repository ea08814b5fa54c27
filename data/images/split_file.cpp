// The list of a CSV file. RFC 4180: a field with commas, quotes or line ends is quoted, and a quote in it is doubled.
#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "core/base/check.h"
#include "data/file_bytes.h"
#include "data/images/file_list.h"

namespace temper::data {
namespace {

constexpr const char* kSplitFileLayout = "a split file is CSV with the heading path,label,split";

class CsvReader {
 public:
  explicit CsvReader(const FileBytes& file) : file_(file) {
    const auto& bytes = file.bytes;
    if (bytes.size() >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF) at_ = 3;  // a byte order mark
  }

  Index line() const { return row_line_; }
  // The fields of the next row that is not empty. False at the end.
  bool next(std::vector<std::string>& fields) {
    while (at_ < file_.bytes.size()) {
      fields.clear();
      row_line_ = line_;
      do fields.push_back(field());
      while (take(','));
      const bool ended = take('\r');  // by itself the line end of old Macs
      TEMPER_CHECK(take('\n') || ended || at_ == file_.bytes.size(), file_.path, ": line ", line_,
                   ": text follows a closing quote; double the quotes inside a field");
      ++line_;
      if (fields.size() > 1 || !fields.front().empty()) return true;
    }
    return false;
  }

 private:
  bool take(char wanted) {
    if (at_ == file_.bytes.size() || static_cast<char>(file_.bytes[at_]) != wanted) return false;
    ++at_;
    return true;
  }
  std::string field() {
    std::string text;
    if (!take('"')) {
      for (; at_ < file_.bytes.size() && !std::ranges::count(std::string_view(",\r\n"), static_cast<char>(file_.bytes[at_])); ++at_)
        text += static_cast<char>(file_.bytes[at_]);
      return text;
    }
    for (; at_ < file_.bytes.size(); ++at_) {
      const char letter = static_cast<char>(file_.bytes[at_]);
      if (letter == '\n') ++line_;
      if (letter == '"') {
        ++at_;
        if (at_ == file_.bytes.size() || file_.bytes[at_] != '"') return text;
      }
      text += letter;
    }
    throw Error(str_cat(file_.path, ": line ", row_line_, ": a quote is not closed; close it"));
  }

  const FileBytes& file_;
  std::size_t at_ = 0;
  Index line_ = 1, row_line_ = 1;
};

// Where path, label and split stand in the heading.
std::array<std::size_t, 3> find_columns(const std::vector<std::string>& heading, const std::string& path) {
  std::array<std::size_t, 3> columns{};
  for (std::size_t i = 0; const char* name : {"path", "label", "split"}) {
    const auto found = std::ranges::find(heading, name);
    TEMPER_CHECK(found != heading.end(), path, ": line 1: no column ", name, "; ", kSplitFileLayout);
    columns[i++] = static_cast<std::size_t>(found - heading.begin());
  }
  return columns;
}

Split part_named(const std::string& split, const std::string& path, Index line) {
  if (split == "train") return Split::train;
  if (split == "val") return Split::val;
  TEMPER_CHECK(split == "test", path, ": line ", line, ": the split \"", split, "\" is not known; write train, val or test");
  return Split::test;
}

}  // namespace

FileList list_split_file(const std::string& path) {
  const FileBytes file = read_unpacked(path);
  CsvReader reader(file);
  std::vector<std::string> row;
  TEMPER_CHECK(reader.next(row), path, ": is empty; ", kSplitFileLayout);
  const std::array<std::size_t, 3> columns = find_columns(row, path);
  const std::size_t width = row.size();
  FileList list;
  std::set<std::string> classes, seen;
  while (reader.next(row)) {
    TEMPER_CHECK(row.size() == width, path, ": line ", reader.line(), ": ", row.size(), " fields, the heading has ", width,
                 "; put a field with a comma in quotes");
    const std::string &name = row[columns[0]], &label = row[columns[1]];
    TEMPER_CHECK(!name.empty() && !label.empty(), path, ": line ", reader.line(), ": the ", name.empty() ? "path" : "label",
                 " is empty; complete the line, or remove it");
    TEMPER_CHECK(seen.insert(name).second, path, ": line ", reader.line(), ": ", name, " occurs twice; keep one of the lines");
    const Split part = part_named(row[columns[2]], path, reader.line());
    list.images.push_back({(std::filesystem::path(path).parent_path() / name).string(), label, part});
    if (part == Split::train) classes.insert(label);
  }
  TEMPER_CHECK(!list.images.empty(), path, ": no line after the heading; ", kSplitFileLayout);
  list.classes.assign(classes.begin(), classes.end());
  std::ranges::stable_sort(list.images, {}, [](const ListedImage& image) { return std::tie(image.split, image.label, image.path); });
  return list;
}

}  // namespace temper::data
