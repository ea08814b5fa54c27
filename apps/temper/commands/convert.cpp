// temper convert

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/run_summary.h"
#include "apps/temper/terminal/setting_options.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"
#include "core/engine/weights.h"
#include "data/pytorch/state_dict.h"
#include "data/pytorch/tensor_names.h"
#include "models/runs/image_run.h"
#include "models/runs/run_folder.h"
#include "models/tasks/classification.h"

namespace temper::app {
namespace {

namespace fs = std::filesystem;

struct ConvertOptions {
  std::string from, out, data;
  std::vector<std::string> renames;  // "OLD=NEW"
  std::vector<double> mean, std;
  bool overwrite = false, json = false;
  std::vector<std::pair<const training::Setting*, CLI::Option*>> settings = {};  // those that a run of weights from elsewhere has

  training::Recipe recipe() const {
    training::Recipe result;
    for (const auto& [setting, option] : settings) set_given(result, *setting, *option);
    return result;
  }
  // The first option given that only a run can obey; empty: none.
  std::string for_a_run() const {
    for (const auto& [setting, option] : settings) {
      if (option->count() > 0) return option->get_name(false, false);
    }
    return !data.empty() ? "--data" : !mean.empty() ? "--mean" : !std.empty() ? "--std" : "";
  }
};

bool names_state_dict(const std::string& path) { return path.ends_with(".pt") || path.ends_with(".pth"); }
bool names_file(const std::string& path) { return names_state_dict(path) || path.ends_with(".safetensors"); }

// Formats that a user may hope for: the folder of a run with such a name would be a surprise.
void refuse_foreign_formats(const std::string& out) {
  std::string ending = fs::path(out).extension().string();
  std::ranges::transform(ending, ending.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  constexpr std::pair<std::string_view, std::string_view> kForeign[] = {{".onnx", "ONNX"},
                                                                        {".tflite", "TensorFlow Lite"},
                                                                        {".pb", "TensorFlow"},
                                                                        {".h5", "HDF5"},
                                                                        {".hdf5", "HDF5"},
                                                                        {".keras", "Keras"},
                                                                        {".gguf", "GGUF"},
                                                                        {".ggml", "GGML"},
                                                                        {".npz", "NumPy"},
                                                                        {".npy", "NumPy"},
                                                                        {".mlmodel", "Core ML"},
                                                                        {".mlpackage", "Core ML"},
                                                                        {".ckpt", "a checkpoint of Lightning"},
                                                                        {".bin", "a .bin file"},
                                                                        {".msgpack", "MessagePack"}};
  for (const auto& [foreign, name] : kForeign)
    TEMPER_CHECK(ending != foreign, "--out: ", out, ": ", name, " is not written; give a name in .pt, .pth or .safetensors, or a folder");
}

void check_run(const ConvertOptions& options, const training::Recipe& recipe) {
  TEMPER_CHECK(!recipe.model.empty() && !options.data.empty(), recipe.model.empty() ? "--model" : "--data", ": ", options.out,
               " is to be a run, which needs --model and --data; a file of weights ends in .pt, .pth or .safetensors");
  TEMPER_CHECK(options.mean.size() == options.std.size(), options.mean.empty() ? "--std" : "--mean", ": --mean has ", options.mean.size(),
               " numbers, --std ", options.std.size(), "; give one a channel to both");
  TEMPER_CHECK(options.mean.empty() || recipe.standardization == data::Standardization::channel, "--mean",
               ": images are standardised one by one; leave --mean and --std out, or --standardize");
  recipe.check();
}

void check(const ConvertOptions& options) {
  for (const std::string& rename : options.renames) {
    TEMPER_CHECK(rename.find('=') != std::string::npos && rename.front() != '=', "--rename: ", rename,
                 " is not OLD=NEW; give two parts of names, e.g. linear=fc");
  }
  refuse_foreign_formats(options.out);
  const std::string for_a_run = options.for_a_run();
  TEMPER_CHECK(!options.out.empty() || for_a_run.empty(), "--out: missing; give a folder for the run");
  TEMPER_CHECK(!names_file(options.out) || for_a_run.empty(), for_a_run, ": ", options.out,
               " is a file of weights, which cannot hold it; leave the option out, or give --out the name of a folder");
  if (!options.out.empty() && !names_file(options.out)) check_run(options, options.recipe());
  TEMPER_CHECK(fs::exists(options.from), options.from,
               ": there is no such file or folder; give a run, a .pt, a .pth or a .safetensors file");
}

TensorFile read_weights(const ConvertOptions& options) {
  TensorFile file;
  if (fs::is_directory(options.from)) {
    file = to_file(*runs::load_image_run(options.from).model.parameters);
  } else {
    const bool state_dict = names_state_dict(options.from) || data::looks_like_state_dict(options.from);
    file = state_dict ? data::read_state_dict(options.from) : read_safetensors(options.from);
  }
  for (const std::string& rename : options.renames) {
    const std::size_t equals = rename.find('=');
    with_option_context("--rename", [&] { data::rename_part(file, rename.substr(0, equals), rename.substr(equals + 1)); });
  }
  return file;
}

Index count_values(const TensorFile& file) {
  Index count = 0;
  for (const auto& [name, entry] : file.tensors) count += entry.shape.size();
  return count;
}

void list_tensors(const ConvertOptions& options, const TensorFile& file) {
  Json list = Json::array();
  Table table({"tensor", "shape"}, 2);
  for (const auto& [name, entry] : file.tensors) {
    std::vector<Index> shape(static_cast<std::size_t>(entry.shape.rank()));
    for (int axis = 0; axis < entry.shape.rank(); ++axis) shape[static_cast<std::size_t>(axis)] = entry.shape[axis];
    list.push_back({{"name", name}, {"shape", shape}});
    table.row({name, fmt::format("{}", fmt::join(shape, " x "))});
  }
  if (options.json) {
    print_json(Json{{"from", options.from}, {"tensors", list}});
  } else {
    print("{}{}, {}\n", Lines{table.text()}, counted(static_cast<Index>(list.size()), "tensor"), counted(count_values(file), "value"));
  }
}

void write_weights(const ConvertOptions& options, TensorFile file) {
  TEMPER_CHECK(options.overwrite || !fs::exists(options.out), options.out, ": it is there already; give another --out, or --overwrite");
  if (names_state_dict(options.out)) {
    data::write_state_dict(options.out, file);
  } else {
    // PyTorch's counters would be float32 here; load_state_dict puts missing ones in their place.
    std::erase_if(file.tensors, [](const auto& tensor) { return tensor.first.ends_with("num_batches_tracked"); });
    write_safetensors(options.out, file);
  }
  if (options.json) {
    const Json json{{"command", "convert"},
                    {"from", options.from},
                    {"out", options.out},
                    {"tensors", file.tensors.size()},
                    {"values", count_values(file)}};
    print_json(json);
  } else {
    print("{}: {}, {}\n", options.out, counted(static_cast<Index>(file.tensors.size()), "tensor"), counted(count_values(file), "value"));
  }
}

void set_weights_of(models::Model& model, const ConvertOptions& options, TensorFile file) {
  if (!options.mean.empty()) {
    const auto channels = static_cast<std::size_t>(model.spec.image.last());
    TEMPER_CHECK(options.mean.size() == channels, "--mean: ", options.mean.size(), " numbers for images of ", channels,
                 " channels; give one a channel");
    model.preprocessing.normalization = {.mean = options.mean, .std = options.std};
    with_option_context("--std", [&] { model.preprocessing.normalization.table(); });
  }
  data::leave_out_prefix(file, model.parameters->parameters().front().name);
  set_weights(*model.parameters, file, options.from);
}

// Weights fit any data of their shapes; only their accuracy tells that something is not as it was in training.
void warn_of_surprises(const calibration::Metrics& val, const calibration::Metrics& test, Index classes) {
  const double chance = 1 / static_cast<double>(classes);
  if (test.accuracy < 1.5 * chance) {
    warn(fmt::format("accuracy {} is little more than guessing; are --mean, --std and the order of the classes those of the training?",
                     percent(test.accuracy)));
  }
  const double p = (val.accuracy + test.accuracy) / 2;
  const double error = std::sqrt(p * (1 - p) * (1 / static_cast<double>(val.samples) + 1 / static_cast<double>(test.samples)));
  if (val.accuracy - test.accuracy > 4 * error) {
    warn(
        fmt::format("accuracy {} on the validation images, {} on the test images: if the network was trained on the former, "
                    "temper calibrate, which fits on them, will trust it too much",
                    percent(val.accuracy), percent(test.accuracy)));
  }
}

void print_run(const ConvertOptions& options, const runs::Run& record) {
  if (options.json) {
    const Json known{{"command", record.command}, {"from", options.from}, {"out", options.out}, {"parameters", record.parameters}};
    print_json(with_metrics(known, record.val, record.test));
    return;
  }
  print("{}: {} of {}\n", options.out, record.recipe.model, counted(record.parameters, "parameter"));
  print_metrics(options.out, record.val, record.test);
}

// A run of weights that were trained elsewhere: measured on the data, so that it can be calibrated, distilled and reported as any other.
void write_run(const ConvertOptions& options, training::Recipe recipe, TensorFile file) {
  runs::check_can_begin(options.out, options.overwrite);
  const auto start = std::chrono::steady_clock::now();
  tasks::Classification task;
  task.reporter = terminal_reporter();
  task.load_data(options.data, recipe, {});
  task.make_model(recipe);
  set_weights_of(task.model(), options, std::move(file));
  runs::Run record{.command = "convert", .data = options.data, .recipe = std::move(recipe), .threads = threads(), .weights = options.from};
  show_stage("measuring on the validation and test images");
  optim::SingleProcess single_process;
  task.measure_run(record, nullptr, single_process);
  clear_stage();
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  warn_of_surprises(record.val, record.test, task.model().spec.classes);
  const FolderLock lock = runs::begin_run(options.out, options.overwrite);
  task.save(options.out, record);
  print_run(options, record);
}

void run(const ConvertOptions& options) {
  check(options);
  TensorFile file = read_weights(options);
  if (options.out.empty()) {
    list_tensors(options, file);
  } else if (names_file(options.out)) {
    write_weights(options, std::move(file));
  } else {
    write_run(options, options.recipe(), std::move(file));
  }
}

constexpr auto kFooter =
    "Files have PyTorch's names and axis order; `temper convert FROM` alone lists them. A .pt file is data to temper: nothing in it is\n"
    "executed. A part before all names, such as \"module.\" or \"model.\", is left out for a run. The classes must be in the order of\n"
    "the data (temper data SPEC), and its validation images unknown to the network, if it is to be calibrated on them.\n\n"
    "Examples:\n"
    "  temper convert runs/resnet --out resnet.pt     model.load_state_dict(torch.load(\"resnet.pt\"), strict=True)\n"
    "  temper convert resnet.pt\n"
    "  temper convert resnet.pt --model resnet20 --data cifar10:DIR --mean .49,.48,.45 --std .25,.24,.26 --out runs/imported\n"
    "  temper convert other.pth --rename linear=fc --model resnet20 --data cifar10:DIR --out runs/other";

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand("convert", "Convert weights to PyTorch's format and back");
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("from", options->from, "A run, or weights: .pt or .pth (a state_dict), .safetensors")->required()->type_name("FROM");
  command->add_option("--out", options->out, "Weights: .pt, .pth or .safetensors; any other name is the folder of a new run")
      ->type_name("TO");
  command->add_option("--rename", options->renames, "Replace a part of the tensors' names, between dots; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("OLD=NEW");
  command->add_flag("--overwrite", options->overwrite, "Replace what --out names");
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  add_threads_option(*command);
  CLI::App* group = command->add_option_group("For a new run: the network, its data, and how it saw them in training");
  for (const training::Setting& setting : training::settings()) {
    if (setting.key == "model") options->settings.emplace_back(&setting, add_option(*group, setting));
  }
  group->add_option("--data", options->data, "The data: for the classes, and to measure the run on")->type_name("SPEC");
  in_range(group->add_option("--mean", options->mean, "Of pixels in 0..1, by channel (default: measured on the training images)"),
           number(-1e6, 1e6))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("M,M");
  in_range(group->add_option("--std", options->std, "Likewise"), above(0, 1e6))->delimiter(',')->allow_extra_args(false)->type_name("S,S");
  for (const training::Setting& setting : training::settings()) {
    if (setting.for_any_weights()) options->settings.emplace_back(&setting, add_option(*group, setting));
  }
  command->footer(kFooter);
  command->callback([options] {
    if (works_alone("temper convert")) run(*options);
  });
}

}  // namespace temper::app
