#include "data/text/parallel_corpus.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/fingerprint.h"
#include "core/engine/parallel.h"
#include "data/file_bytes.h"
#include "data/text/unicode.h"

namespace temper::data {
namespace {

std::string single_spaced(std::string_view text) {
  std::u32string result;
  bool wanted = false;  // a space, if another word follows
  for (const char32_t character : code_points(text)) {
    const bool space = classify(character) == CharacterClass::space;
    if (!space && wanted) result.push_back(U' ');
    if (!space) result.push_back(character);
    wanted = space && !result.empty();
  }
  return to_utf8(result);
}

std::vector<std::string> normalised(std::vector<std::string> lines, const TextOptions& options) {
  constexpr Index kLines = 256;
  parallel_for(static_cast<Index>(lines.size()), kLines, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) lines[static_cast<std::size_t>(i)] = normalise(lines[static_cast<std::size_t>(i)], options);
  });
  return lines;
}

}  // namespace

std::string normalise(std::string_view text, const TextOptions& options) {
  std::string result = single_spaced(options.nfkc ? nfkc(text) : std::string(text));
  return options.lower_case ? lower_case(result) : result;
}

std::vector<std::string> split_lines(std::string_view rest, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (rest.starts_with(kByteOrderMark)) rest.remove_prefix(kByteOrderMark.size());
  // "\r" alone ends a line where nothing else does, as in the files of old Macs; else it is a blank.
  const char line_end = rest.find('\n') == rest.npos ? '\r' : '\n';
  std::vector<std::string> lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(line_end), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    TEMPER_CHECK(valid_utf8(line) && line.find('\0') == line.npos, name, ": line ", lines.size() + 1,
                 " is not text in UTF-8; convert the file, e.g. with iconv");
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::string> read_lines(const std::string& path) {
  const FileBytes file = read_unpacked(path);
  return split_lines({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path);
}

std::string ParallelCorpus::fingerprint() const {
  Fingerprint all;
  for (const auto* side : {&source, &target}) {
    for (const std::string& sentence : *side) all.add(sentence);
  }
  return all.hex();
}

ParallelCorpus read_parallel(const std::string& source_path, const std::string& target_path, const TextOptions& options) {
  ParallelCorpus corpus{str_cat(source_path, ",", target_path), read_lines(source_path), read_lines(target_path)};
  TEMPER_CHECK(corpus.source.size() == corpus.target.size(), target_path, ": ", corpus.target.size(), " lines, but ", source_path, " has ",
               corpus.source.size(), "; line i of one must be the translation of line i of the other");
  TEMPER_CHECK(corpus.size() > 0, source_path, ": holds no lines; give a file with a sentence a line");
  corpus.source = normalised(std::move(corpus.source), options);
  corpus.target = normalised(std::move(corpus.target), options);
  return corpus;
}

}  // namespace temper::data
