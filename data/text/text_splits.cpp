#include "data/text/text_splits.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/random.h"
#include "data/sources.h"

namespace temper::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kHeldOutStream = 0x68656c646f7574;  // "heldout"

struct Pair {
  std::string source, target;  // files, or languages
};

// "A,B" as its two halves.
Pair split_pair(const std::string& text, const char* option, const char* what) {
  const std::size_t comma = text.find(',');
  TEMPER_CHECK(comma != text.npos && comma > 0 && comma + 1 < text.size() && text.find(',', comma + 1) == text.npos, option, ": ", text,
               " is not two ", what, " with a comma between; give the source first, as ", option, " A,B");
  const Pair pair{text.substr(0, comma), text.substr(comma + 1)};
  std::error_code no_files;  // but languages, or files that are not there
  TEMPER_CHECK(pair.source != pair.target && !fs::equivalent(pair.source, pair.target, no_files), option, ": ", text,
               " names the same of the ", what, " twice; give a text and its translation");
  return pair;
}

// The languages of the files train.X and train.X.gz.
std::vector<std::string> languages_in(const fs::path& folder) {
  std::vector<std::string> languages;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    if (name.starts_with("train.") && name.find('.', 6) == name.npos) languages.push_back(name.substr(6));
  }
  std::ranges::sort(languages);
  languages.erase(std::unique(languages.begin(), languages.end()), languages.end());
  return languages;
}

// English translates to the other language, unless it is said otherwise.
Pair find_languages(const fs::path& folder, const std::string& wanted) {
  if (!wanted.empty()) return split_pair(wanted, "--languages", "languages");
  const std::vector<std::string> all = languages_in(folder);
  std::string known;
  for (const std::string& language : all) known += (known.empty() ? "" : ", ") + language;
  TEMPER_CHECK(all.size() >= 2, folder.string(), ": it holds ", all.empty() ? "no file train.en or the like" : "train." + known + " alone",
               "; give a folder with train.SRC and train.TGT, or the two files as text:SRC,TGT");
  const auto english = std::ranges::find(all, "en");
  TEMPER_CHECK(all.size() == 2 && english != all.end(), "--languages: ", folder.string(), " has ", known,
               "; say which to translate from and to, as --languages ", all[0], ",", all[1]);
  return {"en", all[english == all.begin() ? 1 : 0]};
}

std::optional<std::string> file_in(const fs::path& folder, const std::string& name) {
  for (const char* ending : {"", ".gz"}) {
    if (fs::path path = folder / (name + ending); fs::exists(path)) return path.string();
  }
  return std::nullopt;
}

// The files of the first of these parts that the folder has.
std::optional<Pair> find_part(const fs::path& folder, const Pair& languages, std::initializer_list<const char*> names) {
  for (const std::string name : names) {
    const auto source = file_in(folder, name + "." + languages.source), target = file_in(folder, name + "." + languages.target);
    if (source && target) return Pair{*source, *target};
    TEMPER_CHECK(!source && !target, folder.string(), ": ", name, " is there in one language alone; give ", name, ".", languages.source,
                 " and ", name, ".", languages.target);
  }
  return std::nullopt;
}

struct PartFiles {
  Pair train;
  std::optional<Pair> val, test;
};

PartFiles find_split_files(const std::string& place, const std::string& languages) {
  if (!fs::is_directory(place)) {
    TEMPER_CHECK(place.find(',') != place.npos, "--data: text:", place, " names no folder; give text:DIR or text:SRC,TGT");
    TEMPER_CHECK(languages.empty(), "--languages: it selects files of text:DIR, but text:SRC,TGT names both files");
    return {split_pair(place, "--data", "files"), {}, {}};
  }
  const Pair pair = find_languages(place, languages);
  const std::optional<Pair> train = find_part(place, pair, {"train"});
  TEMPER_CHECK(train, place, ": there is no train.", pair.source, " and train.", pair.target, "; give a folder with both");
  return {*train, find_part(place, pair, {"val", "valid", "dev"}), find_part(place, pair, {"test", "test_2016_flickr"})};
}

// Moves some pairs, always the same, into a corpus of their own.
ParallelCorpus hold_out(ParallelCorpus& train, Index wanted, const char* part, std::uint64_t draw) {
  constexpr Index kMost = 1000, kShare = 20;
  const Index all = train.size(), count = wanted > 0 ? wanted : std::clamp<Index>(all / kShare, 1, kMost);
  TEMPER_CHECK(count < all, "--val-size: ", count, " of the ", all, " training pairs held out for ", part,
               "; leave some to train on, or name other files");
  std::vector<Index> order(static_cast<std::size_t>(all));
  std::iota(order.begin(), order.end(), Index{0});
  const Random random(0, {kHeldOutStream, draw});
  for (std::size_t i = order.size(); i > 1; --i)  // Fisher-Yates
    std::swap(order[i - 1], order[random.below(i, static_cast<std::uint32_t>(i))]);
  std::vector<bool> out(order.size(), false);
  for (Index i = 0; i < count; ++i) out[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])] = true;
  ParallelCorpus rest{train.name, {}, {}}, held{str_cat(train.name, " ", part), {}, {}};
  for (std::size_t i = 0; i < out.size(); ++i) {
    ParallelCorpus& to = out[i] ? held : rest;
    to.source.push_back(std::move(train.source[i]));
    to.target.push_back(std::move(train.target[i]));
  }
  train = std::move(rest);
  return held;
}

ParallelCorpus read_part(const std::optional<Pair>& of_folder, const std::string& given, const char* option, const TextOptions& text) {
  if (!given.empty()) {
    const Pair files = split_pair(given, option, "files");
    return read_parallel(files.source, files.target, text);
  }
  return of_folder ? read_parallel(of_folder->source, of_folder->target, text) : ParallelCorpus{};
}

TextSplits read_parallel_text(const std::string& place, const TextLoadOptions& options) {
  const PartFiles parts = find_split_files(place, options.languages);
  TextSplits splits{.train = read_parallel(parts.train.source, parts.train.target, options.text),
                    .val = read_part(parts.val, options.val, "--val-text", options.text),
                    .test = read_part(parts.test, options.test, "--test-text", options.text)};
  for (const auto& [part, name] : {std::pair{&splits.val, "validation"}, {&splits.test, "test"}}) {
    TEMPER_CHECK(part->source != splits.train.source || part->target != splits.train.target, part->name, ": the ", name,
                 " part holds the same sentences as the training part, ", splits.train.name, "; give sentences that are not trained on");
  }
  if (splits.test.size() == 0) splits.test = hold_out(splits.train, options.held_out, "test", 0);
  if (splits.val.size() == 0) splits.val = hold_out(splits.train, options.held_out, "validation", 1);
  return splits;
}

}  // namespace

bool is_text(const std::string& spec) {
  const DataSource* source = find_source(spec);
  return source && source->read_text;
}

TextSplits load_text(const std::string& spec, const TextLoadOptions& options) {
  const auto [source, place] = parse_spec(spec);
  TEMPER_CHECK(source.read_text, "--data: ", spec, " is images, but text is required; see `temper data`");
  return source.read_text(place, options);
}

extern constinit const DataSource kParallelText{
    .kind = "text",
    .forms = {{{"text:DIR", "sentences and their translations: train.en and train.de, and perhaps val and test, a line each; plain or .gz"},
               {"text:SRC,TGT", "two such files, of which validation and test are held out"}}},
    .expected = "train.en and train.de or the like",
    .settings = R"(
batch_tokens = 2048
optimizer = "adamw"
beta2 = 0.98
epsilon = 1e-9
weight_decay = 0
lr = 2.5e-3
schedule = "linear"
warm_up_epochs = 2
ema = 0.999
)",
    .read_text = read_parallel_text};

}  // namespace temper::data
