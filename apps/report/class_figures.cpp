#include "apps/report/class_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/notation.h"
#include "apps/report/png.h"
#include "apps/report/svg_plot.h"

namespace temper::report {
namespace {

using calibration::ClassCounts;
using calibration::Confusion;
using calibration::Mistakes;
using runs::ClassRecord;
using runs::ImageRecord;

constexpr std::size_t kMostDrawn = 100;   // classes of a heat map
constexpr std::size_t kMostCounted = 20;  // classes whose cells bear their count, and whose table is open
constexpr std::size_t kWeakest = 20;      // classes of more than kMostDrawn that are listed
constexpr std::size_t kMistakesShown = 12;

// At most so many characters of a name, where there is little room.
std::string shortened(const std::string& name, std::size_t most) {
  std::size_t end = 0, characters = 0;
  while (end < name.size() && characters < most) {
    ++end;
    while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) ++end;
    ++characters;
  }
  return end == name.size() ? name : name.substr(0, end) + "…";
}

const std::string& name_of(const ClassRecord& record, Index k) { return record.names[static_cast<std::size_t>(k)]; }

// Rows are labels, columns predictions. A cell is as dark as its share of the row.
class HeatMap {
 public:
  explicit HeatMap(const ClassRecord& record) : record_(record), classes_(record.names.size()) {
    side_ = std::clamp(460.0 / static_cast<double>(classes_), 4.6, 30.0);
    every_ = static_cast<std::size_t>(std::ceil(11.0 / side_));  // names that fit beneath each other
    std::size_t longest = 1;
    for (const std::string& name : record.names) longest = std::max(longest, std::min<std::size_t>(kLongest, name.size()));
    left_ = 14 + 6.4 * static_cast<double>(longest);
  }

  std::string svg(const std::string& description) const {
    const double width = left_ + extent() + 2, height = kTop + extent() + left_ * 0.8;
    std::string text = fmt::format("<svg class=\"plot heat\" viewBox=\"0 0 {:.1f} {:.1f}\" role=\"img\" aria-label=\"{}\">\n", width,
                                   height, escape(description));
    text += fmt::format(
        "<text class=\"label\" x=\"0\" y=\"12\">rows: label</text><text class=\"label\" x=\"{:.1f}\" y=\"12\" "
        "text-anchor=\"end\">columns: prediction</text>\n",
        left_ + extent());
    text += fmt::format("<rect class=\"field\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", left_, kTop, extent(),
                        extent());
    for (std::size_t k = 0; k < classes_; k += every_) text += names(k);
    for (std::size_t k = 0; k < classes_; ++k) {
      const auto place = static_cast<Index>(k);
      if (record_.confusion.classes[k].right > 0) text += cell({place, place, record_.confusion.classes[k].right});
    }
    for (const Mistakes& mistakes : record_.confusion.mistakes) text += cell(mistakes);
    return text + "</svg>\n";
  }

 private:
  static constexpr std::size_t kLongest = 14;  // characters of a name
  static constexpr double kTop = 22;

  double extent() const { return side_ * static_cast<double>(classes_); }

  std::string names(std::size_t k) const {
    const double middle = (static_cast<double>(k) + 0.5) * side_, below = kTop + extent() + 8;
    const std::string name = escape(shortened(record_.names[k], kLongest));
    return fmt::format(
        "<text class=\"tick\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text><text class=\"tick\" text-anchor=\"end\" "
        "transform=\"translate({:.1f} {:.1f}) rotate(-60)\">{}</text>\n",
        left_ - 6, kTop + middle + 4, name, left_ + middle + 4, below, name);
  }

  std::string cell(const Mistakes& mistakes) const {
    const ClassCounts& of_label = record_.confusion.classes[static_cast<std::size_t>(mistakes.label)];
    const double share = static_cast<double>(mistakes.count) / static_cast<double>(of_label.support), ink = 0.1 + 0.9 * std::sqrt(share);
    const double x = left_ + static_cast<double>(mistakes.predicted) * side_, y = kTop + static_cast<double>(mistakes.label) * side_;
    const bool right = mistakes.label == mistakes.predicted;
    const std::string title =
        right ? fmt::format("{}: {} of {} right", escape(name_of(record_, mistakes.label)), mistakes.count, of_label.support)
              : fmt::format("{} taken for {}: {} of {}", escape(name_of(record_, mistakes.label)),
                            escape(name_of(record_, mistakes.predicted)), mistakes.count, of_label.support);
    const double gap = side_ > 10 ? 1 : 0;
    std::string text = fmt::format(
        "<rect class=\"{}\" fill-opacity=\"{:.2f}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{}</title></rect>",
        right ? "right" : "wrong", ink, x + gap / 2, y + gap / 2, side_ - gap, side_ - gap, title);
    if (classes_ <= kMostCounted)
      text += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", ink > 0.6 ? "on" : "off",
                          x + side_ / 2, y + side_ / 2 + 4, mistakes.count);
    return text + '\n';
  }

  const ClassRecord& record_;
  std::size_t classes_, every_ = 1;
  double side_ = 0, left_ = 0;
};

std::string mistakes_table(const ClassRecord& record) {
  const Confusion& confusion = record.confusion;
  if (confusion.mistakes.empty()) return "<p class=\"note\">No image was taken for another class.</p>\n";
  std::string rows;
  for (std::size_t i = 0; i < std::min(kMistakesShown, confusion.mistakes.size()); ++i) {
    const Mistakes& cell = confusion.mistakes[i];
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"number\">{} of {}</td></tr>\n", escape(name_of(record, cell.label)),
                        escape(name_of(record, cell.predicted)), count(cell.count),
                        count(confusion.classes[static_cast<std::size_t>(cell.label)].support));
  }
  return "<table class=\"measures\">\n<thead><tr><th>label</th><th>taken for</th><th class=\"number\">images</th></tr></thead>\n<tbody>\n" +
         rows + "</tbody>\n</table>\n";
}

std::string class_row(const std::string& name, double precision, double recall, double f1, Index support) {
  return fmt::format(
      "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td "
      "class=\"number\">{}</td></tr>\n",
      name, decimal(precision, 3), decimal(recall, 3), decimal(f1, 3), count(support));
}

std::string class_table(const ClassRecord& record) {
  const Confusion& confusion = record.confusion;
  const std::size_t classes = confusion.classes.size();
  const bool all = classes <= kMostDrawn;
  std::vector<Index> order = calibration::weakest_first(confusion);
  if (all) std::ranges::sort(order);
  if (!all) order.resize(kWeakest);
  std::string rows;
  for (const Index k : order) {
    const ClassCounts& one = confusion.classes[static_cast<std::size_t>(k)];
    rows += class_row(escape(name_of(record, k)), one.precision(), one.recall(), one.f1(), one.support);
  }
  rows += class_row(fmt::format("<b>mean of {} classes</b>", count(static_cast<Index>(classes))), confusion.mean(&ClassCounts::precision),
                    confusion.mean(&ClassCounts::recall), confusion.mean(&ClassCounts::f1), confusion.samples());
  const std::string table = fmt::format(
      "<table class=\"measures\">\n<thead><tr><th>{}</th><th class=\"number\">precision</th><th class=\"number\">recall</th><th "
      "class=\"number\">F1</th><th class=\"number\">images</th></tr></thead>\n<tbody>\n{}</tbody>\n</table>\n",
      all ? "class" : "weakest classes", rows);
  if (classes <= kMostCounted || !all) return table;
  return fmt::format("<details>\n<summary>All {} classes <span>precision, recall, F1</span></summary>\n{}</details>\n", classes, table);
}

std::string shot(const ClassRecord& record, const ImageRecord& image) {
  const std::string label = escape(name_of(record, image.label)), predicted = escape(name_of(record, image.predicted));
  const std::string where =
      image.file.empty() ? fmt::format("image {}", image.index) : escape(image.file.substr(image.file.rfind('/') + 1));
  std::string text = "<figure class=\"shot\">";
  if (image.picture.channels > 0)
    text += fmt::format("<img src=\"{}\" alt=\"{}\" title=\"{}\"/>", png_address(image.picture), where,
                        image.file.empty() ? where : escape(image.file));
  const std::string loss = std::isfinite(image.loss) ? decimal(image.loss, 2) : "∞";
  return text + fmt::format("<figcaption><b>{}</b>{} <span class=\"quiet\">{} sure, loss {}<br/>{}</span></figcaption></figure>\n", label,
                            image.label == image.predicted ? "" : " → <b>" + predicted + "</b>", percent(image.confidence, 1), loss, where);
}

std::string shots(const char* heading, const ClassRecord& record, const std::vector<ImageRecord>& images) {
  if (images.empty()) return "";
  std::string text = fmt::format("<h4>{}</h4>\n<div class=\"shots\">\n", heading);
  for (const ImageRecord& image : images) text += shot(record, image);
  return text + "</div>\n";
}

// Whose confidences these are.
std::string calibrator_text(const ClassRecord& record) {
  if (record.calibrator.empty()) return "confidences as trained, T\u00a0=\u00a01";
  if (std::isfinite(record.temperature)) return "confidences at T\u00a0=\u00a0" + decimal(record.temperature, 2);
  return "confidences after " + escape(record.calibrator) + " scaling";
}

std::string class_card(const runs::Run& run, std::size_t series) {
  std::string text = fmt::format("<article class=\"card\">\n<h3>{}{}</h3>\n", swatch(series), escape(run.name));
  if (!run.classes)
    return text + fmt::format(
                      "<p class=\"note\">It has no class record of its test images (classes.json); <code>temper eval {}</code> adds "
                      "one.</p>\n</article>\n",
                      escape(run.name));
  const ClassRecord& record = *run.classes;
  const bool drawn = record.names.size() <= kMostDrawn && record.confusion.left_out == 0;
  text += fmt::format("<p class=\"sum\">{} of {} test images wrong; {}</p>\n", count(record.confusion.wrong()),
                      count(record.confusion.samples()), calibrator_text(record));
  text += "<div class=\"classes\">\n";
  if (drawn)
    text += "<div class=\"panel wide" + std::string(record.names.size() > kMostCounted ? " large" : "") + "\">" +
            HeatMap(record).svg("Confusion matrix of " + run.name) + "</div>\n";
  text += "<div class=\"panel\">\n<h4>Most frequent mistakes</h4>\n" + mistakes_table(record) + "</div>\n";
  text += "<div class=\"panel\">\n<h4>Classes</h4>\n" + class_table(record) + "</div>\n</div>\n";
  text += shots("Most confident mistakes", record, record.surest_mistakes) + shots("Highest loss", record, record.worst);
  return text + "</article>\n";
}

}  // namespace

std::string class_figures(std::span<const runs::Run> runs) {
  const auto classifies = [](const runs::Run& run) { return !run.score; };
  if (std::ranges::none_of(runs, classifies)) return "";
  std::string text =
      "<p class=\"how\"><b>How to read it.</b> A row of the square is a class, a column what its images were taken for: blue on the "
      "diagonal "
      "is right, orange beside it wrong, the darker the larger a share of the class. Precision: how many of the images that were given the "
      "class have it. Recall: how many of the class's images were found, the accuracy within it. F1 is their harmonic mean; a dash: not "
      "defined, as no image has the class or was given it. An image's loss is −log of the probability of its label.</p>\n";
  for (std::size_t i = 0; i < runs.size(); ++i)
    if (classifies(runs[i])) text += class_card(runs[i], i);
  return text;
}

}  // namespace temper::report
