// The pictures that a folder or a split file names, before any is opened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/shape.h"

namespace temper::data {

enum class Split { train, val, test, open };  // open: not specified by the folder

struct ListedImage {
  std::string path;
  std::string label;  // the class by name
  Split split = Split::open;
};

// Files in a folder that are skipped, by reason.
struct SkippedFiles {
  Index hidden = 0;   // names that begin with a dot, and all below them
  Index foreign = 0;  // names without the ending of a picture
  Index outside = 0;  // pictures in no class folder
  Index links = 0;    // links that are broken, lead in a circle, or to what is there already
  std::string example = {};
  std::vector<std::string> damaged = {};  // the messages of pictures that cannot be decoded, if LoadOptions::skip_damaged
};

// "3 hidden, 1 that are no pictures (such as DIR/notes.txt)"; empty when nothing was left out.
std::string describe(const SkippedFiles& skipped);

struct FileList {
  std::vector<ListedImage> images;   // by part, class and path, in the order of their bytes
  std::vector<std::string> classes;  // of the training part, or of all where the folder has no parts; in the order of their bytes
  SkippedFiles skipped;
};

// A folder of class folders, or one that has such folders named train, test and perhaps val (valid, validation). Class folders are searched
// to a depth of 100; links are followed, but not in a circle, to another class or to the same folder twice. The order of names is that of
// their bytes, whatever the locale and the file system: 0, 1, 10, 2. Throws Error when there is no such folder, one cannot be read, there
// is no class folder, a class has no pictures in the training part, or two classes or parts are the same folder.
FileList list_folder(const std::string& dir);

// A CSV file with the heading path,label,split in any order: paths are relative to its folder, splits are train, val and test. Throws Error
// naming the line.
FileList list_split_file(const std::string& path);

}  // namespace temper::data
