// Sentences and their translations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/shape.h"

namespace temper::data {

struct TextOptions {
  bool nfkc = true;         // one spelling for what is the same: data/text/unicode.h
  bool lower_case = false;  // for scores without regard to case
};

// As the options say, with single spaces between words and none at the ends. requires: valid UTF-8.
std::string normalise(std::string_view text, const TextOptions& options);

// The lines of a text file, plain or gzip. "\r\n" is accepted, as are "\r" in a file that has no "\n", a byte order mark, and a last line
// without an end. Throws Error naming the path, and the line that is not UTF-8.
std::vector<std::string> read_lines(const std::string& path);

// The same of bytes that are in memory already; `name` is for errors.
std::vector<std::string> split_lines(std::string_view bytes, const std::string& name);

struct ParallelCorpus {
  std::string name;  // for messages: both paths
  std::vector<std::string> source, target;

  Index size() const { return static_cast<Index>(source.size()); }
  std::string fingerprint() const;  // of the sentences
};

// Line i of one file is the translation of line i of the other; both are normalised. Lines without text are kept: what they are worth, the
// reader decides. Throws Error when the files have different numbers of lines, or none.
ParallelCorpus read_parallel(const std::string& source_path, const std::string& target_path, const TextOptions& options = {});

}  // namespace temper::data
