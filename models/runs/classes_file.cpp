#include "models/runs/classes_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "core/base/base64.h"
#include "core/base/check.h"
#include "core/base/json.h"
#include "core/engine/machine.h"

namespace temper::runs {
namespace {

using calibration::ClassCounts;
using calibration::Confidences;
using calibration::Confusion;
using calibration::Mistakes;

constexpr Index kMostSamples = Index{1} << 40;  // a sum of counts cannot overflow then

// A float a sample, little-endian: 1 - confidence, which is small where it matters, with a minus sign, also of 0, where it is wrong.
std::string pack(const Confidences& confidences) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i < confidences.confidence.size(); ++i) {
    const auto doubt = static_cast<float>(std::max(0.0, 1 - confidences.confidence[i]));
    const auto word = std::bit_cast<std::uint32_t>(confidences.correct[i] ? doubt : -doubt);
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(word >> shift & 255));
  }
  return to_base64(bytes);
}

Confidences unpack(const JsonNode& node, const char* key, Index samples) {
  Confidences confidences;
  if (!node.has(key)) return confidences;
  const std::vector<std::uint8_t> bytes = node.parse(key, [](const std::string& text) { return from_base64(text); });
  if (bytes.empty()) return confidences;
  TEMPER_CHECK(static_cast<Index>(bytes.size()) == 4 * samples, node.path(key), " has ", bytes.size(), " bytes, not 4 for each of the ",
               samples, " samples");
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) word |= std::uint32_t{bytes[i + j]} << (8 * j);
    const auto doubt = std::bit_cast<float>(word);
    TEMPER_CHECK(std::abs(doubt) <= 1, node.path(key), " has ", doubt, " for sample ", i / 4, ", not one in -1..1");
    confidences.confidence.push_back(1 - static_cast<double>(std::abs(doubt)));
    confidences.correct.push_back(std::signbit(doubt) ? 0 : 1);
  }
  return confidences;
}

Json to_json(const ImageRecord& image) {
  Json json{{"index", image.index},           {"label", image.label}, {"predicted", image.predicted},
            {"confidence", image.confidence}, {"loss", image.loss},   {"file", image.file}};
  const Thumbnail& picture = image.picture;
  if (picture.channels > 0)
    json["picture"] = {
        {"height", picture.height}, {"width", picture.width}, {"channels", picture.channels}, {"pixels", to_base64(picture.pixels)}};
  return json;
}

Thumbnail read_picture(const JsonNode& node) {
  Thumbnail picture{.height = node.count_or("height"), .width = node.count_or("width"), .channels = node.count_or("channels")};
  const auto is_side = [](Index side) { return side >= 1 && side <= Thumbnail::kMostSide; };
  TEMPER_CHECK(is_side(picture.height) && is_side(picture.width), node.path("height"), ": ", picture.height, " x ", picture.width,
               " pixels are not 1..", Thumbnail::kMostSide, " a side");
  TEMPER_CHECK(picture.channels == 1 || picture.channels == 3, node.path("channels"), " is ", picture.channels, ", not 1 or 3");
  picture.pixels = node.parse("pixels", [](const std::string& text) { return from_base64(text); });
  const Index bytes = picture.height * picture.width * picture.channels;
  TEMPER_CHECK(static_cast<Index>(picture.pixels.size()) == bytes, node.path("pixels"), " has ", picture.pixels.size(), " bytes, not ",
               bytes);
  return picture;
}

// A count that is below `end`.
Index read_below(const JsonNode& node, const char* key, Index end) {
  TEMPER_CHECK(node.has(key), node.path(key), " is missing");
  const Index found = node.count_or(key);
  TEMPER_CHECK(found < end, node.path(key), " is ", found, ", not below ", end);
  return found;
}

std::vector<ImageRecord> read_images(const JsonNode& root, const char* key, Index samples, Index classes) {
  std::vector<ImageRecord> images;
  if (!root.has(key)) return images;
  const std::vector<JsonNode> nodes = root.objects(key);
  TEMPER_CHECK(nodes.size() <= ClassRecord::kMostImages, root.path(key), " has ", nodes.size(), " images; there are at most ",
               ClassRecord::kMostImages);
  for (const JsonNode& node : nodes) {
    ImageRecord image{.index = read_below(node, "index", samples),
                      .label = read_below(node, "label", classes),
                      .predicted = read_below(node, "predicted", classes),
                      .confidence = node.fraction_or("confidence"),
                      .loss = node.number_or("loss", std::numeric_limits<double>::infinity()),  // JSON has no infinity
                      .file = node.text_or("file", "")};
    if (node.has("picture")) image.picture = read_picture(node.object("picture"));
    images.push_back(std::move(image));
  }
  return images;
}

// As many counts as there are classes.
std::vector<Index> read_counts(const JsonNode& node, const char* key, std::size_t classes) {
  const Json& list = node.array(key);
  TEMPER_CHECK(list.size() == classes, node.path(key), " has ", list.size(), " numbers for ", classes, " classes");
  std::vector<Index> counts;
  for (const Json& one : list) {
    TEMPER_CHECK(one.is_number_unsigned() && one.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMostSamples), node.path(key),
                 " has an element that is not a count of samples");
    counts.push_back(one.get<Index>());
  }
  return counts;
}

Mistakes read_cell(const JsonNode& node, const Json& cell, Index classes, Index samples) {
  const bool three =
      cell.is_array() && cell.size() == 3 && std::ranges::all_of(cell, [](const Json& one) { return one.is_number_unsigned(); });
  TEMPER_CHECK(three, node.path("mistakes"), " has an element that is not three counts: label, prediction, how often");
  const auto end = [](Index bound) { return static_cast<std::uint64_t>(bound); };
  TEMPER_CHECK(cell[0].get<std::uint64_t>() < end(classes) && cell[1].get<std::uint64_t>() < end(classes) && cell[0] != cell[1],
               node.path("mistakes"), " has ", cell.dump(), ", which is no cell off the diagonal of ", classes, " classes");
  TEMPER_CHECK(cell[2] != 0 && cell[2].get<std::uint64_t>() <= end(samples), node.path("mistakes"), " has ", cell.dump(),
               ", whose count is not in 1..", samples);
  return {cell[0].get<Index>(), cell[1].get<Index>(), cell[2].get<Index>()};
}

// The counts of the classes and the cells must be those of one and the same matrix.
Confusion read_confusion(const JsonNode& root, Index samples, std::size_t classes) {
  const std::vector<Index> right = read_counts(root, "right", classes), support = read_counts(root, "support", classes),
                           predicted = read_counts(root, "predicted", classes);
  Confusion confusion{.classes = {}, .mistakes = {}, .left_out = root.count_or("left_out")};
  std::vector<Index> missing_in_row(classes), missing_in_column(classes);
  Index all = 0, wrong = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    TEMPER_CHECK(right[k] <= support[k] && right[k] <= predicted[k], root.path("right"), " has ", right[k], " for class ", k,
                 ", more than its support or its predictions");
    confusion.classes.push_back({right[k], support[k], predicted[k]});
    missing_in_row[k] = support[k] - right[k];
    missing_in_column[k] = predicted[k] - right[k];
    all += support[k];
    TEMPER_CHECK(all <= samples, root.path("support"), " adds up to more than the ", samples, " samples");
    wrong += missing_in_row[k];
  }
  TEMPER_CHECK(all == samples, root.path("support"), " adds up to ", all, ", not to the ", samples, " samples");
  std::set<std::pair<Index, Index>> seen;
  for (const Json& element : root.array("mistakes")) {
    const Mistakes cell = read_cell(root, element, static_cast<Index>(classes), samples);
    TEMPER_CHECK(seen.emplace(cell.label, cell.predicted).second, root.path("mistakes"), " has the cell ", element.dump(), " twice");
    Index &row = missing_in_row[static_cast<std::size_t>(cell.label)],
          &column = missing_in_column[static_cast<std::size_t>(cell.predicted)];
    TEMPER_CHECK(cell.count <= row && cell.count <= column, root.path("mistakes"), " has ", element.dump(),
                 ", more than the support or the predictions of its classes leave");
    row -= cell.count;
    column -= cell.count;
    wrong -= cell.count;
    confusion.mistakes.push_back(cell);
  }
  TEMPER_CHECK(wrong == confusion.left_out, root.path("left_out"), " is ", confusion.left_out, ", but ", wrong,
               " wrong samples are in no cell");
  Index of_columns = 0;
  for (const Index column : missing_in_column) of_columns += column;
  TEMPER_CHECK(of_columns == wrong, root.path("predicted"), " does not add up to the ", samples, " samples");
  return confusion;
}

ClassRecord read_classes(const JsonNode& root) {
  ClassRecord record{.split = root.text("split"),
                     .data_hash = root.text_or("data_hash", ""),
                     .accuracy = root.fraction_or("accuracy"),
                     .nll = root.number_or("nll"),
                     .calibrator = root.text_or("calibrator", ""),
                     .temperature = root.number_or("temperature"),
                     .names = root.texts("classes")};
  const Index samples = root.count_or("samples");
  TEMPER_CHECK(samples >= 1 && samples <= kMostSamples, root.path("samples"), " is ", samples, ", not in 1..2^40");
  TEMPER_CHECK(!record.names.empty(), root.path("classes"), " is missing");
  record.confusion = read_confusion(root, samples, record.names.size());
  const auto classes = static_cast<Index>(record.names.size());
  record.worst = read_images(root, "worst", samples, classes);
  record.surest_mistakes = read_images(root, "surest_mistakes", samples, classes);
  if (root.has("outcomes")) {
    const JsonNode outcomes = root.object("outcomes");
    record.as_trained = unpack(outcomes, "as_trained", samples);
    record.calibrated = unpack(outcomes, "calibrated", samples);
  }
  return record;
}

Json to_json(const ClassRecord& record) {
  const Confusion& confusion = record.confusion;
  Json right = Json::array(), support = Json::array(), predicted = Json::array(), mistakes = Json::array(), worst = Json::array(),
       surest = Json::array();
  for (const ClassCounts& one : confusion.classes) {
    right.push_back(one.right);
    support.push_back(one.support);
    predicted.push_back(one.predicted);
  }
  for (const Mistakes& cell : confusion.mistakes) mistakes.push_back({cell.label, cell.predicted, cell.count});
  for (const ImageRecord& image : record.worst) worst.push_back(to_json(image));
  for (const ImageRecord& image : record.surest_mistakes) surest.push_back(to_json(image));
  return {{"temper", kVersion},
          {"split", record.split},
          {"samples", confusion.samples()},
          {"data_hash", record.data_hash},
          {"accuracy", record.accuracy},
          {"nll", record.nll},
          {"calibrator", record.calibrator.empty() ? Json() : Json(record.calibrator)},
          {"temperature", record.temperature},
          {"classes", record.names},
          {"right", right},
          {"support", support},
          {"predicted", predicted},
          {"mistakes", mistakes},
          {"left_out", confusion.left_out},
          {"worst", worst},
          {"surest_mistakes", surest},
          {"outcomes", {{"as_trained", pack(record.as_trained)}, {"calibrated", pack(record.calibrated)}}}};
}

}  // namespace

bool agrees(const ClassRecord& record, const calibration::Metrics& test) {
  const Index samples = record.confusion.samples();
  if (samples != test.samples) return false;
  const auto near = [](double a, double b, double tolerance) {
    return std::isfinite(a) == std::isfinite(b) && !(std::abs(a - b) > tolerance);
  };
  return near(record.accuracy, test.accuracy, 0.001 + 1.5 / static_cast<double>(samples)) &&
         near(record.nll, test.nll, 0.001 + 0.001 * std::abs(test.nll));
}

void save_classes(const std::string& folder, const ClassRecord& record) {
  // A line a key: a number a line would be thousands.
  std::string text;
  const Json json = to_json(record);
  for (const auto& [key, value] : json.items())
    text += str_cat(text.empty() ? "{\n" : ",\n", "  ", Json(key).dump(), ": ", value.dump(-1, ' ', false, Json::error_handler_t::replace));
  write_file((std::filesystem::path(folder) / "classes.json").string(), text + "\n}\n");
}

ClassRecord load_classes(const std::string& path) {
  return read_json_file(path, "run `temper eval` on the run again, or remove the file",
                        [](const JsonNode& root) { return read_classes(root); });
}

}  // namespace temper::runs
