#include "data/images/file_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/check.h"
#include "core/base/number_text.h"
#include "data/images/image.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolderLayout =
    "folder:DIR needs class folders with pictures in them, or folders train, test and perhaps val that each have the class folders";

// The entries of a folder in the order of their names' bytes.
std::vector<fs::path> sorted_entries(const fs::path& dir) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) entries.push_back(it->path());
  TEMPER_CHECK(!error, dir.string(), ": the folder cannot be read (", error.message(), "); check the permissions");
  std::ranges::sort(entries, {}, [](const fs::path& path) { return path.native(); });
  return entries;
}

// A folder, whatever the path that leads to it.
using Place = std::pair<dev_t, ino_t>;

Place place_of(const fs::path& dir) {
  struct stat status {};
  TEMPER_CHECK(::stat(dir.c_str(), &status) == 0, dir.string(), ": the folder cannot be read (", std::generic_category().message(errno),
               "); check the permissions");
  return {status.st_dev, status.st_ino};
}

// The folder and those around it.
std::set<Place> places_around(const fs::path& dir) {
  std::error_code error;
  fs::path at = fs::canonical(dir, error);
  TEMPER_CHECK(!error, dir.string(), ": the folder cannot be read (", error.message(), "); check the permissions");
  std::set<Place> places{place_of(at)};
  for (; at != at.parent_path(); at = at.parent_path()) places.insert(place_of(at.parent_path()));
  return places;
}

// Collects the pictures of one part of a folder.
class Walk {
 public:
  Walk(Split part, FileList& list) : part_(part), list_(list) {}

  // The class folders in `dir`. Returns their names, in order.
  std::vector<std::string> classes(const fs::path& dir) {
    const std::set<Place> around = places_around(dir);
    std::vector<fs::path> folders;
    for (const fs::path& entry : sorted_entries(dir)) {
      const Kind kind = look_at(entry);
      if (kind == Kind::folder && around.contains(place_of(entry)))
        skip(list_.skipped.links, entry);  // it would be a class of all pictures
      else if (kind == Kind::folder)
        folders.push_back(entry);
      if (kind == Kind::picture) skip(list_.skipped.outside, entry);
    }
    std::map<Place, fs::path> classes;
    for (const fs::path& folder : folders) {
      const auto [other, first] = classes.emplace(place_of(folder), folder);
      TEMPER_CHECK(first, folder.string(), ": is the same folder as ", other->second.string(),
                   ", under the name of another class; remove one");
    }
    std::vector<std::string> names;
    for (const fs::path& folder : folders) {
      names.push_back(folder.filename().string());
      seen_ = around;
      for (const auto& [place, other] : classes) {
        if (other != folder) seen_.insert(place);  // no link makes pictures of one class those of another
      }
      collect(folder, folder, 1);
    }
    return names;
  }

 private:
  enum class Kind { folder, picture, skipped };

  Kind look_at(const fs::path& entry) {
    std::error_code ignored;  // what cannot be looked at is a link that leads nowhere
    const fs::file_type type = fs::status(entry, ignored).type();
    if (entry.filename().native().starts_with('.')) return skip(list_.skipped.hidden, entry);
    if (type == fs::file_type::directory) return Kind::folder;
    if (type == fs::file_type::not_found || type == fs::file_type::none) return skip(list_.skipped.links, entry);
    if (type != fs::file_type::regular || !has_image_suffix(entry.native())) return skip(list_.skipped.foreign, entry);
    return Kind::picture;
  }

  // Each folder once, so that links lead in no circle and to nothing twice.
  void collect(const fs::path& dir, const fs::path& of_class, int depth) {
    constexpr int kDeepest = 100;
    TEMPER_CHECK(depth <= kDeepest, of_class.string(), ": its folders lie more than ", kDeepest,
                 " deep inside each other; move the pictures up, or remove what is no class");
    if (!seen_.insert(place_of(dir)).second) {
      skip(list_.skipped.links, dir);
      return;
    }
    for (const fs::path& entry : sorted_entries(dir)) {
      const Kind kind = look_at(entry);
      if (kind == Kind::folder) collect(entry, of_class, depth + 1);
      if (kind == Kind::picture) list_.images.push_back({entry.string(), of_class.filename().string(), part_});
    }
  }

  Kind skip(Index& count, const fs::path& path) {
    ++count;
    if (list_.skipped.example.empty()) list_.skipped.example = path.string();
    return Kind::skipped;
  }

  Split part_;
  FileList& list_;
  std::set<Place> seen_;  // the folders that this class does not enter again
};

std::string what_there_is(const SkippedFiles& skipped) {
  if (skipped.outside > 0) return str_cat(" (", skipped.outside, " pictures are in no class folder)");
  return skipped.example.empty() ? "" : str_cat(" (", skipped.example, " is none)");
}

}  // namespace

FileList list_folder(const std::string& dir) {
  std::error_code error;
  const fs::file_type type = fs::status(dir, error).type();
  TEMPER_CHECK(type != fs::file_type::not_found, dir, ": no such folder; ", kFolderLayout);
  TEMPER_CHECK(type == fs::file_type::directory, dir, ": is no folder that can be read; ", kFolderLayout);
  const auto inner = [&](const char* name) { return fs::path(dir) / name; };
  FileList list;
  if (!fs::is_directory(inner("train"), error) && !fs::is_directory(inner("test"), error)) {
    list.classes = Walk(Split::open, list).classes(dir);
  } else {
    std::set<Split> seen;
    std::map<Place, std::string> places;
    for (const auto& [part, name] : {std::pair{Split::train, "train"},
                                     {Split::val, "val"},
                                     {Split::val, "valid"},
                                     {Split::val, "validation"},
                                     {Split::test, "test"}}) {
      if (!fs::is_directory(inner(name), error)) continue;
      TEMPER_CHECK(seen.insert(part).second, inner(name).string(), ": a second folder for validation; keep one of the two");
      const auto [other, first] = places.emplace(place_of(inner(name)), name);
      TEMPER_CHECK(first, inner(name).string(), ": is the same folder as ", other->second,
                   ", so the parts are not apart; give each its own");
      const std::vector<std::string> classes = Walk(part, list).classes(inner(name));
      if (part == Split::train) list.classes = classes;
    }
  }
  TEMPER_CHECK(!list.images.empty(), dir, ": no pictures in class folders", what_there_is(list.skipped), "; ", kFolderLayout);
  return list;
}

std::string describe(const SkippedFiles& skipped) {
  std::string text;
  const auto add = [&](Index count, const char* what) {
    if (count > 0) text += str_cat(text.empty() ? "" : ", ", format_count(count), " ", what);
  };
  add(skipped.hidden, "hidden");
  add(skipped.foreign, "that are no pictures");
  add(skipped.outside, "in no class folder");
  add(skipped.links, "broken or circular links");
  if (!skipped.example.empty()) text += str_cat(" (such as ", skipped.example, ")");
  add(static_cast<Index>(skipped.damaged.size()), "damaged pictures");
  if (!skipped.damaged.empty()) text += str_cat(" (the first: ", skipped.damaged.front(), ")");
  return text;
}

}  // namespace temper::data
