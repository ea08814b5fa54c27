#include "data/pytorch/tensor_names.h"

#include <algorithm>

#include "core/base/check.h"

namespace temper::data {
namespace {

std::string replaced(const std::string& name, const std::string& part, const std::string& replacement) {
  const std::string from = "." + part + ".", to = replacement.empty() ? "." : "." + replacement + ".";
  std::string dotted = "." + name + ".";
  for (std::size_t at = dotted.find(from); at != std::string::npos; at = dotted.find(from, at + to.size() - 1)) {
    dotted.replace(at, from.size(), to);
  }
  return dotted.size() > 2 ? dotted.substr(1, dotted.size() - 2) : std::string();
}

}  // namespace

void rename_part(TensorFile& file, const std::string& part, const std::string& replacement) {
  std::map<std::string, TensorFile::Entry> renamed;
  bool found = false;
  for (auto& [name, entry] : file.tensors) {
    const std::string new_name = replaced(name, part, replacement);
    found = found || new_name != name;
    TEMPER_CHECK(!new_name.empty() && renamed.emplace(new_name, std::move(entry)).second, part, "=", replacement,
                 new_name.empty() ? " leaves a tensor without a name" : " makes two tensors one: ", new_name, "; give another name");
  }
  TEMPER_CHECK(found || part == replacement, part, " is no part of any name; `temper convert FROM` lists them");
  file.tensors = std::move(renamed);
}

void leave_out_prefix(TensorFile& file, const std::string& known) {
  const std::string end = "." + known;
  const auto found = std::ranges::find_if(file.tensors, [&](const auto& tensor) { return tensor.first.ends_with(end); });
  if (found == file.tensors.end() || file.tensors.contains(known)) return;
  const std::string prefix = found->first.substr(0, found->first.size() - known.size());
  if (!std::ranges::all_of(file.tensors, [&](const auto& tensor) { return tensor.first.starts_with(prefix); })) return;
  std::map<std::string, TensorFile::Entry> renamed;
  for (auto& [name, entry] : file.tensors) renamed[name.substr(prefix.size())] = std::move(entry);
  file.tensors = std::move(renamed);
}

}  // namespace temper::data
