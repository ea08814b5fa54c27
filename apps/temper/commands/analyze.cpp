// temper analyze

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>

#include "apps/temper/commands/analysis_files.h"
#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/names.h"
#include "core/engine/parallel.h"
#include "core/engine/weights.h"
#include "models/analysis/equivalent_smoothing.h"
#include "models/analysis/mutual_information.h"
#include "models/tasks/classification.h"
#include "models/tasks/tasks.h"
#include "models/tasks/translation.h"
#include "models/training/json.h"
#include "models/training/snapshots.h"
#include "models/training/teacher.h"
#include "models/translation/evaluation.h"

namespace temper::app {
namespace {

struct AnalyzeOptions {
  std::string run, data, figure = "all", out;
  std::vector<std::string> classes, splits = {"train", "val"};
  std::vector<double> temperatures = {1, 2, 4, 8};
  Index examples = 100, inputs = 300;
  analysis::InformationOptions information;
  std::optional<int> shift;
  std::optional<std::string> flip;
  bool json = false, snapshots = false;

  bool wants(const char* name) const { return figure == name || figure == "all"; }
};

void check(const AnalyzeOptions& options) {
  constexpr std::array kFigures = {"projection", "templates", "information", "smoothing", "temperature", "all"};
  TEMPER_CHECK(std::ranges::count(kFigures, options.figure) == 1, "--figure: ", options.figure, " is not known; ",
               did_you_mean(options.figure, std::vector<std::string>(kFigures.begin(), kFigures.end())),
               "give projection, templates, information, smoothing, temperature or all");
  for (const std::string& split : options.splits) {
    TEMPER_CHECK(split == "train" || split == "val" || split == "test", "--split: ", split, " is not known; ",
                 did_you_mean(split, std::vector<std::string>{"train", "val", "test"}), "give train, val or test");
    TEMPER_CHECK(std::ranges::count(options.splits, split) == 1, "--split: ", split, " is named twice; give each once");
  }
  const Index least = options.information.reuse ? 2 : 1, L = options.information.samples;
  TEMPER_CHECK(L >= least, "--images: ", L, " is not allowed; give at least ", least);
}

// A class by its name, else by its number.
Index find_class(const std::string& text, const std::vector<std::string>& names) {
  const auto named = std::find(names.begin(), names.end(), text);
  if (named != names.end()) return named - names.begin();
  Index number = -1;
  const char* const end = text.data() + text.size();
  const bool whole = std::from_chars(text.data(), end, number).ptr == end;
  TEMPER_CHECK(whole && number >= 0 && number < static_cast<Index>(names.size()), "--classes: ", text,
               " is no class of the run; give names such as ", names.front(), ", or numbers 0-", names.size() - 1);
  return number;
}

constexpr std::size_t kMostClasses = 3;  // of the projection

// Those of --classes, else the paper's where the data have them, else the first ones.
std::vector<Index> find_classes(const AnalyzeOptions& options, const std::vector<std::string>& names, std::size_t count,
                                std::initializer_list<std::vector<std::string>> papers) {
  std::vector<Index> classes;
  for (const std::string& text : options.classes) classes.push_back(find_class(text, names));
  for (const std::vector<std::string>& paper : papers) {
    const bool there = std::ranges::all_of(paper, [&](const std::string& name) { return std::ranges::count(names, name) > 0; });
    for (std::size_t i = 0; options.classes.empty() && there && i < count; ++i) classes.push_back(find_class(paper[i], names));
  }
  for (Index k = 0; classes.size() < count && options.classes.empty(); ++k) classes.push_back(k);
  const std::size_t most = options.figure == "all" ? kMostClasses : count;  // of all figures some take the first of them
  TEMPER_CHECK(classes.size() >= count && classes.size() <= most, "--classes: ", classes.size(), " of them; this figure is of ", count,
               ": give as many, or another --figure");
  classes.resize(count);
  for (const Index k : classes)
    TEMPER_CHECK(std::ranges::count(classes, k) == 1, "--classes: ", names[static_cast<std::size_t>(k)],
                 " is named twice; give different ones");
  return classes;
}

std::string list(const std::vector<Index>& classes, const std::vector<std::string>& names) {
  std::string text;
  for (const Index k : classes) text += (text.empty() ? "" : ", ") + names[static_cast<std::size_t>(k)];
  return text;
}

// A run, its data, and what was asked about them. Each figure prints itself, or adds itself to the JSON.
class Analysis {
 public:
  Analysis(const AnalyzeOptions& options, tasks::Classification& task)
      : options_(options), task_(task), model_(task.model()), names_(model_.class_names) {}

  void projection() {
    const std::vector<Index> classes =
        find_classes(options_, names_, kMostClasses, {{"airplane", "automobile", "bird"}, {"beaver", "dolphin", "otter"}});
    Json result{{"classes", {name(classes[0]), name(classes[1]), name(classes[2])}}};
    Table table({"projection of " + list(classes, names_), "images", "scatter", "between centres", "spread", "between templates"});
    for (const std::string& split : options_.splits) {
      const data::Dataset& all = part(split);
      const data::Dataset set = all.subset(analysis::first_of_each(all, classes, options_.examples), all.name);
      const analysis::Penultimate penultimate = analysis::penultimate(model_, set);
      const analysis::Projection p = analysis::project(penultimate, {classes[0], classes[1], classes[2]});
      result[split] = {{"images", set.size()},
                       {"scatter", p.scatter},
                       {"centre_distance", p.centre_distance},
                       {"spread", p.spread()},
                       {"template_distance", p.template_distance}};
      table.row({split, grouped(set.size()), fmt::format("{:.4g}", p.scatter), fmt::format("{:.4g}", p.centre_distance),
                 fmt::format("{:.4f}", p.spread()), fmt::format("{:.4g}", p.template_distance)});
      if (!options_.out.empty()) write_projection(options_.out, split, p, penultimate);
    }
    keep("projection", result, table.text() + "  spread = scatter / distance of the centres: smaller is tighter\n");
  }

  void templates() {
    Json result = Json::object();
    Table table({"distances to templates", "images", "of the own class", "of others", "unevenness"});
    for (const std::string& split : options_.splits) {
      const analysis::TemplateDistances d = analysis::template_distances(analysis::penultimate(model_, part(split)));
      result[split] = {{"images", part(split).size()}, {"own", d.own}, {"others", d.others}, {"unevenness", d.unevenness}};
      result["between"] = d.between;
      table.row({split, grouped(part(split).size()), fmt::format("{:.4g}", d.own), fmt::format("{:.4g}", d.others),
                 fmt::format("{:.4f}", d.unevenness)});
      if (!options_.out.empty()) write_template_distances(options_.out, d, names_);
    }
    keep("templates", result, table.text() + "  unevenness = deviation / mean over the other classes: 0 is equally far from all\n");
  }

  void smoothing() {
    const calibration::Predictions train =
        models::predict(model_, part("train"), {.on_progress = [&, start = now()](Index done) {
                          show_stage(fmt::format("training images: {}  {}", grouped(done), eta(start, done, part("train").size())));
                        }});
    clear_stage();
    Json result = Json::array();
    Table table({"equivalent smoothing at T", "gamma"});
    std::vector<TemperatureAndGamma> rows;
    for (const double T : options_.temperatures) {
      rows.push_back({T, analysis::equivalent_smoothing(train, T)});
      result.push_back({{"temperature", T}, {"gamma", rows.back().gamma}});
      table.row({fmt::format("{:.4g}", T), fmt::format("{:.4f}", rows.back().gamma)});
    }
    if (!options_.out.empty()) write_smoothing(options_.out, rows);
    keep("smoothing", result, table.text());
  }

  // Whether images change at random, which is the noise of the information.
  bool has_noise() const { return !training::is_deterministic({.augment = augment()}, part("train"), model_.spec.image); }

  // With the weights of the end, or those along the training.
  void information() {
    if (options_.snapshots) {
      information_along_training();
      return;
    }
    const std::vector<Index> classes = information_classes();
    const auto [i, values, labels] = measure_information(classes);
    if (!options_.out.empty()) write_information(options_.out, values, labels, names_);
    keep("information", to_json(i, classes),
         fmt::format("mutual information of input and logit difference ({}), {} training images, {} augmented images each, y {}:\n"
                     "  I = {:.4f} nats of at most {:.4f}; shuffled {:.4f}, within the classes {:.4f}\n"
                     "  I without its bias {:.4f}, of the input beyond its class {:.4f}\n",
                     list(classes, names_), grouped(i.inputs), options_.information.samples, y(), i.nats, i.most, i.shuffled,
                     i.shuffled_within_class, i.corrected(), i.beyond_class()));
  }

  Json json() const { return json_; }

 private:
  struct Information {
    analysis::MutualInformation result;
    std::vector<double> values;        // (N,C)
    std::vector<std::int32_t> labels;  // (N)
  };

  const char* y() const { return options_.information.reuse ? "reused" : "fresh"; }

  std::vector<Index> information_classes() const {
    TEMPER_CHECK(has_noise(), "--figure: information takes augmentation for the noise, and ", options_.run,
                 " was trained without; give --shift 2 or --flip random");
    return find_classes(options_, names_, 2, {{"airplane", "dog"}});
  }

  Information measure_information(const std::vector<Index>& classes) const {
    const data::Dataset set = part("train").subset(analysis::first_of_each(part("train"), classes, options_.inputs), part("train").name);
    const analysis::InformationOptions& how = options_.information;
    std::vector<double> values = analysis::logit_differences(
        model_, set,
        {.first = classes[0],
         .second = classes[1],
         .augment = augment(),
         .images = how.samples + (how.reuse ? 0 : 1),
         .seed = how.seed,
         .on_progress = [start = now()](Index done, Index all) {
           show_stage(fmt::format("augmented images: {} of {}  {}", grouped(done), grouped(all), eta(start, done, all)));
         }});
    clear_stage();
    const analysis::MutualInformation result = analysis::mutual_information(values, set.labels, how);
    return {result, std::move(values), set.labels};
  }

  Json to_json(const analysis::MutualInformation& i, const std::vector<Index>& classes) const {
    return {{"classes", {name(classes[0]), name(classes[1])}},
            {"inputs", i.inputs},
            {"images", options_.information.samples},
            {"y", y()},
            {"nats", i.nats},
            {"most", i.most},
            {"shuffled", i.shuffled},
            {"shuffled_within_class", i.shuffled_within_class},
            {"corrected", i.corrected()},
            {"beyond_class", i.beyond_class()},
            {"variance", i.variance}};
  }

  void information_along_training() {
    const std::vector<training::Snapshot> snapshots = training::snapshots(options_.run);
    const std::vector<Index> classes = information_classes();
    Json all = Json::array();
    Table table({"mutual information after epoch", "nats", "shuffled", "within the classes", "beyond the class"});
    for (const training::Snapshot& snapshot : snapshots) {
      load_weights(*model_.parameters, snapshot.path);
      const analysis::MutualInformation i = measure_information(classes).result;
      table.row({std::to_string(snapshot.epoch), fmt::format("{:.4f}", i.nats), fmt::format("{:.4f}", i.shuffled),
                 fmt::format("{:.4f}", i.shuffled_within_class), fmt::format("{:.4f}", i.beyond_class())});
      all.push_back(to_json(i, classes));
      all.back()["epoch"] = snapshot.epoch;
    }
    keep("information_by_epoch", all, table.text());
  }

  static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }
  const std::string& name(Index k) const { return names_[static_cast<std::size_t>(k)]; }
  const data::Dataset& part(const std::string& split) const { return task_.set(tasks::parse_split(split)); }

  // That of the run's training, but for what was said.
  data::Augment augment() const {
    data::Augment augment = task_.run().recipe.augment;
    if (options_.shift) augment.shift = *options_.shift;
    if (options_.flip) augment.flip = data::parse_flip(*options_.flip);
    return augment;
  }

  void keep(const char* key, const Json& result, const std::string& text) {
    json_[key] = result;
    if (!options_.json) print("{}", Lines{text});
  }

  const AnalyzeOptions& options_;
  tasks::Classification& task_;
  models::Model& model_;
  const std::vector<std::string> names_;
  Json json_ = Json::object();
};

void finish(const AnalyzeOptions& options, const Json& json) {
  if (!options.out.empty())
    write_file((std::filesystem::path(options.out) / "analysis.json").string(),
               json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  if (options.json) print_json(json);
}

void analyze(const AnalyzeOptions& options, tasks::Classification& task) {
  TEMPER_CHECK(options.figure != "temperature", "--figure: temperature is for runs that translate; give another for ", options.run);
  TEMPER_CHECK(!options.snapshots || !training::snapshots(options.run).empty(), "--snapshots: ", options.run,
               " has none; train it with --snapshot-every 1");
  task.load_run_data({.data = options.data, .with_train = true});
  if (options.shift) with_option_context("--shift", [&] { data::check({.shift = *options.shift}, task.model().spec.image); });
  if (!options.out.empty()) make_folder(options.out);
  Analysis analysis(options, task);
  const bool all = options.figure == "all";
  if (options.wants("projection") && (!all || task.model().spec.classes >= 3)) analysis.projection();
  if (options.wants("templates")) analysis.templates();
  if (options.wants("information") && (!all || analysis.has_noise())) analysis.information();
  if (options.wants("smoothing")) analysis.smoothing();
  Json json{{"run", options.run}};
  json.update(analysis.json());
  finish(options, json);
}

void analyze(const AnalyzeOptions& options, tasks::Translation& task) {
  TEMPER_CHECK(options.wants("temperature"), "--figure: ", options.figure, " is for networks that see images; of ", options.run,
               ", which translates, give temperature");
  task.load_run_data({.data = options.data});
  const data::ParallelCorpus& corpus = task.corpus(tasks::Split::test);
  const std::vector<translation::TemperaturePoint> curve = translation::temperature_curve(
      task.model(), corpus, task.tokenise(tasks::Split::test), options.temperatures,
      {.on_progress = [&](Index done, Index all) { task.reporter.on_progress("translating: sentences", done, all); }});
  task.reporter.on_stage_end();
  Json json{{"run", options.run}, {"sentences", corpus.size()}, {"temperature_curve", Json::array()}};
  Table table({"T", "BLEU", "NLL", "ECE"}, 0);
  for (const translation::TemperaturePoint& p : curve) {
    json["temperature_curve"].push_back({{"temperature", p.temperature}, {"bleu", p.bleu}, {"nll", p.nll}, {"ece", p.ece}});
    table.row(
        {fmt::format("{:.4g}", p.temperature), fmt::format("{:.2f}", p.bleu), fmt::format("{:.4f}", p.nll), fmt::format("{:.4f}", p.ece)});
  }
  if (!options.out.empty()) make_folder(options.out);
  finish(options, json);
  if (!options.json) print("{}", Lines{table.text()});
}

void run(const AnalyzeOptions& options) {
  check(options);
  if (options.flip) with_option_context("--flip", [&] { data::parse_flip(*options.flip); });
  const std::unique_ptr<tasks::Task> task = tasks::open_run(options.run);
  task->reporter = terminal_reporter();
  if (const auto classification = dynamic_cast<tasks::Classification*>(task.get())) analyze(options, *classification);
  if (const auto translation = dynamic_cast<tasks::Translation*>(task.get())) analyze(options, *translation);
}

}  // namespace

void add_analyze(CLI::App& app) {
  CLI::App* command = app.add_subcommand("analyze", "Analyse a network: clusters, templates, information about its images");
  auto options = std::make_shared<AnalyzeOptions>();
  constexpr int kMost = 1000;
  const auto is_list = [](CLI::Option* option) { option->delimiter(',')->expected(1, kMost)->allow_extra_args(false); };
  command->add_option("run", options->run, "The folder of a run")->required()->type_name("RUN");
  command
      ->add_option("--figure", options->figure,
                   "projection, templates, information, smoothing, of translations temperature, or all (default)")
      ->type_name("NAME");
  is_list(command->add_option("--classes", options->classes, "Three of them for projection, two for information, by name or number")
              ->type_name("A,B,C"));
  is_list(command->add_option("--split", options->splits, "Of projection and templates: train, val, test (default train,val)")
              ->type_name("NAME,..."));
  in_range(command->add_option("--examples", options->examples, "Of projection: images of each class (default 100)"), whole(1, 1e9))
      ->type_name("N");
  in_range(command->add_option("--inputs", options->inputs, "Of information: training images of each class (default 300)"), whole(1, 1e9))
      ->type_name("N");
  in_range(command->add_option("--images", options->information.samples,
                               "For information: number of augmented images that are averaged (default 5)"),
           whole(1, 1e6))
      ->type_name("L");
  command->add_flag("--reuse", options->information.reuse, "Of information: y is one of these images, not a fresh one");
  in_range(command->add_option("--shift", options->shift, "Of information: noise, instead of the shift of the training"), whole(0, 10'000))
      ->type_name("P");
  command->add_option("--flip", options->flip, "The same for mirroring: none or random")->type_name("NAME");
  is_list(in_range(command->add_option("--temperature", options->temperatures, "Of smoothing and temperature (default 1,2,4,8)"),
                   temperature_range())
              ->type_name("T,..."));
  command->add_flag("--snapshots", options->snapshots, "For information: after every epoch whose weights the run kept");
  command->add_option("--seed", options->information.seed, "Of augmentation and shuffles (default 1)")->type_name("S");
  command->add_option("--data", options->data, "Where the run's data are now")->type_name("SPEC");
  add_threads_option(*command);
  command->add_option("--out", options->out, "Keep figures as SVG and numbers as CSV in this folder")->type_name("FOLDER");
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "After Müller, Kornblith and Hinton, When Does Label Smoothing Help? (2019):\n"
      "  projection   penultimate activations of three classes on the plane of their templates, the weights of the last layer\n"
      "               (Figure 1). Smoothing makes the clusters tight: spread is their radius over the distance of their centres.\n"
      "  templates    how far activations are from the template of their class and from the others'\n"
      "  information  what is left of an image's identity in the difference of two logits, augmentation being the noise (Figure 6).\n"
      "               Without information the estimate is not 0; \"shuffled\" is what it is then.\n"
      "  temperature  of a run that translates: BLEU, NLL and ECE of next words at T (Figure 4)\n"
      "  smoothing    gamma, the label smoothing that the network amounts to as a teacher at temperature T (Figure 5)\n\n"
      "Examples:\n"
      "  temper analyze runs/hard --out figures\n"
      "  temper analyze runs/hard --figure projection --classes cat,dog,ship --split test --json");
  command->callback([options] {
    if (works_alone("temper analyze")) run(*options);
  });
}

}  // namespace temper::app
