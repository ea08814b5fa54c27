// temper translate

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <optional>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/run_summary.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/file.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"
#include "models/runs/run_folder.h"
#include "models/runs/translation_run.h"
#include "models/translation/search.h"

namespace temper::app {
namespace {

struct TranslateOptions {
  std::string run, file = "-", out, tokenizer = "13a";
  std::vector<std::string> references;
  translation::SearchOptions search = {};
  std::optional<double> temperature;
  Index longest = translation::TranslateOptions().longest;
  bool lower_case = false, json = false;
};

std::vector<std::string> read_source(const std::string& file) {
  if (file != "-") return data::read_lines(file);
  return data::split_lines(read_standard_input(), "stdin");
}

// References, and how they are counted. Read before anything is translated, so that a mistake is found at once.
struct References {
  std::vector<std::vector<std::string>> sets;
  translation::BleuOptions measure;
};

References read_references(const TranslateOptions& options, const translation::Model& model, std::size_t lines) {
  References references{
      .sets = {},
      .measure = {.tokenizer = translation::parse_tokenizer(options.tokenizer), .lower_case = options.lower_case || model.text.lower_case}};
  for (const std::string& file : options.references) {
    references.sets.push_back(data::read_lines(file));
    TEMPER_CHECK(references.sets.back().size() == lines, file, ": ", references.sets.back().size(), " lines for ", lines,
                 " to translate; give the translation of each, line by line");
  }
  return references;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

// Names the lines that were too long: the first ones, and how many more there are.
class CutLines {
 public:
  CutLines(std::string file, Index longest) : file_(std::move(file)), longest_(longest) {}

  void add(Index line, Index subwords) {
    constexpr Index kNamed = 10;
    if (++lines_ > kNamed) {
      ++unnamed_;
      return;
    }
    warn(str_cat(file_, ": line ", line, ": ", counted(subwords, "subword"), ", of which the first ", format_count(longest_),
                 " are translated; split the line, or raise --longest"));
  }
  void finish() const {
    if (unnamed_ > 0) warn(str_cat(file_, ": ", counted(unnamed_, "more line"), " cut to ", counted(longest_, "subword")));
  }

 private:
  std::string file_;
  Index longest_, lines_ = 0, unnamed_ = 0;
};

// As they are, for another program; on a terminal so that it obeys nothing that the network has learned to say.
void print_translations(const std::vector<std::string>& lines) {
  if (::isatty(STDOUT_FILENO) != 1) return print("{}", Lines{joined(lines)});
  for (const std::string& line : lines) print("{}\n", line);
}

void run(const TranslateOptions& options) {
  TEMPER_CHECK(!options.json || !options.out.empty() || !options.references.empty(),
               "--json: it prints results, not translations; add --reference FILE to measure them, or --out FILE");
  check_not_read("--out", options.out, runs::run_files(options.run));
  check_not_read("--out", options.out, options.references);
  check_not_read("--out", options.out, {options.file});
  const runs::TranslationRun loaded = runs::load_translation_run(options.run);
  const translation::Model& model = loaded.model;
  const std::vector<std::string> source = read_source(options.file);
  const References references = read_references(options, model, source.size());
  translation::TranslateOptions how{.search = options.search, .text = model.text};
  how.search.temperature = options.temperature.value_or(loaded.run.temperature().value_or(1));
  if (!loaded.run.temperature() && !options.temperature)
    warn(str_cat(options.run, ": its calibrator is no temperature, and words are looked for without it"));
  const auto start = std::chrono::steady_clock::now();
  how.on_progress = [&](Index done) {
    show_stage(fmt::format("translated {} of {} lines  {}", grouped(done), grouped(static_cast<Index>(source.size())),
                           eta(start, done, static_cast<Index>(source.size()))));
  };
  CutLines cut(options.file == "-" ? "stdin" : options.file, options.longest);
  how.longest = options.longest;
  how.on_cut = [&](Index line, Index subwords) { cut.add(line, subwords); };
  const std::vector<std::string> translations = translation::translate(*model.network, model.subwords, source, how);
  cut.finish();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  clear_stage();

  if (!options.out.empty()) write_file(options.out, joined(translations));
  if (options.out.empty() && !options.json) print_translations(translations);
  Json json{{"run", options.run},
            {"lines", source.size()},
            {"beam", how.search.beam},
            {"length_penalty", how.search.length_penalty},
            {"temperature", how.search.temperature},
            {"seconds", seconds}};
  if (!options.out.empty()) json["out"] = options.out;
  if (!references.sets.empty()) {
    const translation::Score score{.bleu = translation::bleu(translations, references.sets, references.measure),
                                   .signature = translation::signature(references.measure, references.sets.size()),
                                   .beam = how.search.beam,
                                   .length_penalty = how.search.length_penalty};
    add_bleu(score, json);
    const std::string line = fmt::format("{}, {}\n", translation::describe(score.bleu), score.signature);
    if (!options.json && options.out.empty()) note("{}", Lines{line});
    if (!options.json && !options.out.empty()) print("{}", Lines{line});
  }
  if (options.json) print_json(json);
}

}  // namespace

void add_translate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("translate", "Translate text with a run, line by line");
  auto options = std::make_shared<TranslateOptions>();
  command->add_option("run", options->run, "The folder of a run that was trained on text")->required()->type_name("RUN");
  command->add_option("file", options->file, "Text, a sentence a line; - for standard input (default)")->type_name("FILE");
  command->add_option("--out", options->out, "Write the translations there instead of on stdout")->type_name("FILE");
  command->add_option("--reference", options->references, "The right translations, to measure BLEU; may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
  in_range(command->add_option("--beam", options->search.beam, "Translations followed at a time; 1 is greedy (default 4)"), whole(1, 1000))
      ->type_name("N");
  in_range(command->add_option("--length-penalty", options->search.length_penalty,
                               "Alpha: 0 takes the likeliest, which is often too short (default 0.6)"),
           number(0, 100))
      ->type_name("A");
  in_range(command->add_option("--temperature", options->temperature, "Of next words (default: that of the run's calibrator, else 1)"),
           temperature_range())
      ->type_name("T");
  in_range(command->add_option("--longest", options->longest,
                               "Subwords of a line that are translated; the time of a line grows with their square (default 1000)"),
           whole(1, 1'000'000))
      ->type_name("N");
  command->add_flag("--lower-case", options->lower_case, "Case-insensitive BLEU, the default for a run of lower-cased text");
  command->add_option("--tokenizer", options->tokenizer, "Of BLEU: 13a (default), intl or none")->type_name("NAME");
  add_threads_option(*command);
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "A line gives a line, also an empty one. BLEU is that of sacreBLEU, with its signature: two scores compare when these are the\n"
      "same. It goes to stderr where the translations go to stdout.\n"
      "  echo 'A man rides a bicycle.' | temper translate runs/translator\n"
      "  temper translate runs/translator test.en --reference test.de --out test.translated");
  command->callback([options] {
    if (works_alone("temper translate")) run(*options);
  });
}

}  // namespace temper::app
