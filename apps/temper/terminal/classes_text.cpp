#include "apps/temper/terminal/classes_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/temper/terminal/console.h"
#include "models/runs/classes_file.h"

namespace temper::app {
namespace {

using calibration::ClassCounts;
using calibration::Confusion;
using calibration::Mistakes;
using runs::ClassRecord;
using runs::ImageRecord;

constexpr std::size_t kMostInText = 20;     // classes whose matrix is printed
constexpr std::size_t kMostInJson = 100;    // classes whose matrix is in the JSON
constexpr std::size_t kWeakest = 10;        // classes of more that are printed
constexpr std::size_t kMistakesShown = 10;  // cells that are printed
constexpr std::size_t kMistakesInJson = 50;
constexpr std::size_t kImagesShown = 5;
constexpr std::size_t kLongestName = 24;  // bytes

// A name from a file: without control characters, which a terminal would obey, and no wider than a column.
std::string shown(const std::string& name, std::size_t longest = kLongestName) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool c1 = byte == 0xC2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xA0;  // U+0080 to U+009F
    if (c1) ++i;
    text += byte < 0x20 || byte == 0x7F || c1 ? '?' : name[i];
  }
  if (text.size() <= longest) return text;
  std::size_t end = longest - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not in the middle of a character
  return text.substr(0, end) + "...";
}

std::string name_of(const ClassRecord& record, Index k) { return shown(record.names[static_cast<std::size_t>(k)]); }

std::string fraction(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string class_table(const ClassRecord& record) {
  const Confusion& confusion = record.confusion;
  const bool all = confusion.classes.size() <= kMostInText;
  std::vector<Index> order = calibration::weakest_first(confusion);
  if (all) std::ranges::sort(order);
  if (!all) order.resize(kWeakest);
  Table table({all ? "  class" : "  weakest classes", "precision", "recall", "F1", "images"});
  for (const Index k : order) {
    const ClassCounts& one = confusion.classes[static_cast<std::size_t>(k)];
    table.row({"  " + name_of(record, k), fraction(one.precision()), fraction(one.recall()), fraction(one.f1()), grouped(one.support)});
  }
  table.row({all ? "  mean" : fmt::format("  mean of all {}", confusion.classes.size()), fraction(confusion.mean(&ClassCounts::precision)),
             fraction(confusion.mean(&ClassCounts::recall)), fraction(confusion.mean(&ClassCounts::f1)), grouped(confusion.samples())});
  return table.text();
}

std::string matrix_table(const ClassRecord& record) {
  const std::vector<std::vector<Index>> matrix = record.confusion.matrix();
  std::vector<std::string> header{"  label \\ prediction"};
  for (std::size_t k = 0; k < matrix.size(); ++k) header.push_back(fmt::format("{}", k));
  Table table(header);
  for (std::size_t k = 0; k < matrix.size(); ++k) {
    const std::string name = name_of(record, static_cast<Index>(k));
    std::vector<std::string> cells{name == fmt::format("{}", k) ? "  " + name : fmt::format("  {} {}", k, name)};
    for (const Index count : matrix[k]) cells.push_back(count == 0 ? "." : fmt::format("{}", count));
    table.row(cells);
  }
  return table.text();
}

std::string mistakes_table(const ClassRecord& record) {
  if (record.confusion.mistakes.empty()) return "";
  Table table({"  label", "taken for", "images"}, 2);
  for (std::size_t i = 0; i < std::min(kMistakesShown, record.confusion.mistakes.size()); ++i) {
    const Mistakes& cell = record.confusion.mistakes[i];
    table.row({"  " + name_of(record, cell.label), name_of(record, cell.predicted), grouped(cell.count)});
  }
  return table.text();
}

std::string image_table(const ClassRecord& record, const std::vector<ImageRecord>& images, const char* heading) {
  if (images.empty()) return "";
  Table table({heading, "label", "prediction", "confidence", "loss"}, 3);
  for (std::size_t i = 0; i < std::min(kImagesShown, images.size()); ++i) {
    const ImageRecord& image = images[i];
    const std::string where = image.file.empty() ? fmt::format("image {}", image.index) : shown(image.file, 200);
    table.row({"  " + where, name_of(record, image.label), name_of(record, image.predicted), fmt::format("{:.4f}", image.confidence),
               fmt::format("{:.3f}", image.loss)});
  }
  return table.text();
}

Json to_json(const ClassRecord& record, const std::vector<ImageRecord>& images) {
  Json list = Json::array();
  for (const ImageRecord& image : images) {
    list.push_back({{"index", image.index},
                    {"file", image.file.empty() ? Json() : Json(image.file)},
                    {"label", record.names[static_cast<std::size_t>(image.label)]},
                    {"predicted", record.names[static_cast<std::size_t>(image.predicted)]},
                    {"confidence", image.confidence},
                    {"loss", image.loss}});
  }
  return list;
}

}  // namespace

std::string classes_text(const ClassRecord& record) {
  const bool whole = record.names.size() <= kMostInText && record.confusion.left_out == 0;
  std::string text = class_table(record) + '\n';
  text += whole ? matrix_table(record) : mistakes_table(record);
  const std::string worst = image_table(record, record.worst, "  highest loss"),
                    surest = image_table(record, record.surest_mistakes, "  surest mistakes");
  for (const std::string& images : {worst, surest})
    if (!images.empty()) text += '\n' + images;
  return text;
}

void add_classes(const ClassRecord& record, Json& json) {
  const Confusion& confusion = record.confusion;
  json["classes"] = Json::array();
  for (std::size_t k = 0; k < confusion.classes.size(); ++k) {
    const ClassCounts& one = confusion.classes[k];
    json["classes"].push_back({{"class", record.names[k]},
                               {"support", one.support},
                               {"predicted", one.predicted},
                               {"right", one.right},
                               {"precision", one.precision()},
                               {"recall", one.recall()},
                               {"f1", one.f1()}});
  }
  json["mean_of_classes"] = {{"precision", confusion.mean(&ClassCounts::precision)},
                             {"recall", confusion.mean(&ClassCounts::recall)},
                             {"f1", confusion.mean(&ClassCounts::f1)}};
  // Rows are labels, columns predictions, both in the order of "classes".
  json["confusion"] = confusion.classes.size() <= kMostInJson && confusion.left_out == 0 ? Json(confusion.matrix()) : Json();
  json["top_confusions"] = Json::array();
  for (std::size_t i = 0; i < std::min(kMistakesInJson, confusion.mistakes.size()); ++i) {
    const Mistakes& cell = confusion.mistakes[i];
    json["top_confusions"].push_back({{"label", record.names[static_cast<std::size_t>(cell.label)]},
                                      {"predicted", record.names[static_cast<std::size_t>(cell.predicted)]},
                                      {"count", cell.count}});
  }
  json["worst"] = to_json(record, record.worst);
  json["surest_mistakes"] = to_json(record, record.surest_mistakes);
}

void keep_classes(const std::string& folder, const ClassRecord& record) {
  try {
    runs::save_classes(folder, record);
  } catch (const Error& error) {
    warn(fmt::format("{}; the report will lack what it would hold", error.what()));
  }
}

}  // namespace temper::app
