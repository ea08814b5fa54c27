#include "apps/temper/commands/analysis_files.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/report/svg_plot.h"
#include "core/base/file.h"
#include "data/tables/csv.h"

namespace temper::app {
namespace {

const std::string& class_name(const std::vector<std::string>& class_names, Index k) { return class_names[static_cast<std::size_t>(k)]; }

// Which of the three classes a sample of the projection belongs to.
std::size_t series_index(const analysis::Projection& projection, const analysis::Penultimate& penultimate, std::size_t i) {
  const Index label = penultimate.labels[static_cast<std::size_t>(projection.samples[i])];
  const auto at = std::find(projection.classes.begin(), projection.classes.end(), label);
  return static_cast<std::size_t>(at - projection.classes.begin());
}

// One scale for both axes: the plane shows angles and distances as they are.
report::Plot square_plot(const analysis::Projection& projection, const std::string& split) {
  std::vector<double> u, v;
  const auto take = [&](const auto& points) {
    for (const auto& point : points) {
      u.push_back(point.u);
      v.push_back(point.v);
    }
  };
  take(projection.points);
  take(projection.templates);
  const auto [least_u, most_u] = std::minmax_element(u.begin(), u.end());
  const auto [least_v, most_v] = std::minmax_element(v.begin(), v.end());
  const double half = 0.52 * std::max(*most_u - *least_u, *most_v - *least_v);
  const auto axis = [&](const char* label, double middle) {
    return report::Axis{label, middle - half, middle + half, report::nice_ticks(middle - half, middle + half, 5)};
  };
  const report::Plot::Frame frame{.width = 400, .height = 412};
  return {frame, axis("along the first two templates, u", (*least_u + *most_u) / 2), axis("across, v", (*least_v + *most_v) / 2),
          fmt::format("Penultimate activations of three classes, {} images, on the plane of their templates", split)};
}

}  // namespace

void write_projection(const std::string& folder, const std::string& split, const analysis::Projection& projection,
                      const analysis::Penultimate& penultimate) {
  report::Plot plot = square_plot(projection, split);
  std::string csv = "kind,sample,class,u,v\n";
  for (std::size_t i = 0; i < projection.points.size(); ++i) {
    const auto& [u, v] = projection.points[i];
    const std::size_t series = series_index(projection, penultimate, i);
    const std::string& name = class_name(penultimate.class_names, projection.classes[series]);
    plot.dot({u, v}, report::series_class(series), name);
    csv += fmt::format("sample,{},{},{:.9g},{:.9g}\n", projection.samples[i], data::csv_field(name), u, v);
  }
  for (std::size_t c = 0; c < projection.templates.size(); ++c) {
    const auto& [u, v] = projection.templates[c];
    const std::string& name = class_name(penultimate.class_names, projection.classes[c]);
    plot.cross({u, v}, report::series_class(c), "template of " + name);
    plot.label({u, v}, name);
    csv += fmt::format("template,,{},{:.9g},{:.9g}\n", data::csv_field(name), u, v);
  }
  write_file(fmt::format("{}/projection-{}.svg", folder, split), plot.svg_file());
  write_file(fmt::format("{}/projection-{}.csv", folder, split), csv);
}

void write_template_distances(const std::string& folder, const analysis::TemplateDistances& distances,
                              const std::vector<std::string>& class_names) {
  std::string csv = "class";
  for (const std::string& name : class_names) csv += ',' + data::csv_field(name);
  for (Index k = 0; k < distances.classes; ++k) {
    csv += '\n' + data::csv_field(class_name(class_names, k));
    for (Index l = 0; l < distances.classes; ++l)
      csv += fmt::format(",{:.9g}", distances.between[static_cast<std::size_t>(k * distances.classes + l)]);
  }
  write_file(folder + "/template-distances.csv", csv + '\n');
}

void write_information(const std::string& folder, std::span<const double> values, std::span<const std::int32_t> classes,
                       const std::vector<std::string>& class_names) {
  const std::size_t C = values.size() / classes.size();
  std::string csv = "class";
  for (std::size_t l = 1; l <= C; ++l) csv += fmt::format(",f{}", l);
  for (std::size_t x = 0; x < classes.size(); ++x) {
    csv += '\n' + data::csv_field(class_name(class_names, classes[x]));
    for (std::size_t l = 0; l < C; ++l) csv += fmt::format(",{:.9g}", values[x * C + l]);
  }
  write_file(folder + "/information.csv", csv + '\n');
}

void write_smoothing(const std::string& folder, std::span<const TemperatureAndGamma> rows) {
  std::string csv = "temperature,gamma\n";
  for (const TemperatureAndGamma& row : rows) csv += fmt::format("{:.9g},{:.9g}\n", row.temperature, row.gamma);
  write_file(folder + "/smoothing.csv", csv);
}

}  // namespace temper::app
