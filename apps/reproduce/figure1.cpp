// Figure 1: penultimate activations of three classes on the plane of their templates.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"
#include "apps/reproduce/tables.h"
#include "core/base/check.h"

namespace temper::reproduce {
namespace {

constexpr const char* kProjection = "projection";

void add_projection_steps(const ExperimentSetup& setup, Plan& plan) {
  for (const TableRow& row : table_rows(setup))
    for (int seed = 1; seed <= row.seeds; ++seed)
      for (const double alpha : {0.0, setup.alpha})
        plan.analyze(plan.train("pictures", setup.pictures, row.training, alpha, seed), kProjection);
}

struct Point {
  bool is_template = false;
  std::string of_class;
  double u = 0, v = 0;
};

double coordinate(const std::string& cell, const std::string& file) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  TEMPER_CHECK(error == std::errc{} && end == cell.data() + cell.size(), file, ": '", cell,
               "' where a coordinate belongs; it is damaged: remove its folder, and run the same command again");
  return value;
}

// "kind,sample,class,u,v", as `temper analyze` writes it.
std::vector<Point> read_points(const std::string& csv, const std::string& file) {
  std::vector<Point> points;
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string kind, sample, of_class, u, v;
    std::getline(cells, kind, ',');
    std::getline(cells, sample, ',');
    std::getline(cells, of_class, ',');
    std::getline(cells, u, ',');
    std::getline(cells, v, ',');
    points.push_back({kind == "template", of_class, coordinate(u, file), coordinate(v, file)});
  }
  return points;
}

report::Plot make_plot(const std::vector<Point>& points, std::vector<std::string>& classes) {
  double most = 0, middle_u = 0, middle_v = 0;
  for (const Point& p : points) {
    middle_u += p.u / static_cast<double>(points.size());
    middle_v += p.v / static_cast<double>(points.size());
  }
  for (const Point& p : points) most = std::max({most, std::abs(p.u - middle_u), std::abs(p.v - middle_v)});
  most *= 1.06;
  const auto axis = [most](double middle) {
    return report::Axis{"", middle - most, middle + most, report::nice_ticks(middle - most, middle + most, 5)};
  };
  report::Plot plot({.width = 330, .height = 330}, axis(middle_u), axis(middle_v),
                    "Penultimate activations on the plane of three templates");
  for (const Point& p : points) {
    auto found = std::ranges::find(classes, p.of_class);
    if (found == classes.end()) found = classes.insert(classes.end(), p.of_class);
    const std::string look = report::series_class(static_cast<std::size_t>(found - classes.begin()));
    p.is_template ? plot.cross({p.u, p.v}, look, p.of_class + ", template") : plot.dot({p.u, p.v}, look, p.of_class);
  }
  return plot;
}

Sample spreads(Findings& findings, const Results& results, const TableRow& row, double alpha, const std::string& split) {
  Sample sample;
  for (const std::string& run : list_runs(row, alpha)) {
    results.read_analysis(run, kProjection, [&](const Json& analysis) {
      sample.values.push_back(analysis.at("projection").at(split).at("spread").get<double>());
      sample.runs.push_back(run);
      findings.numbers.push_back({.network = row.training.title,
                                  .quantity = "spread of clusters, " + split,
                                  .alpha = alpha,
                                  .seed = parse_seed(run),
                                  .value = sample.values.back(),
                                  .source = analysis_file(run, kProjection)});
    });
  }
  return sample;
}

void add_projection_figure(Findings& findings, const ExperimentSetup& setup, const Results& results, const TableRow& row) {
  std::vector<Panel> panels;
  std::vector<std::string> classes;
  for (const double alpha : {0.0, setup.alpha}) {
    for (const std::string split : {"train", "val"}) {
      const std::string run = list_runs(row, alpha).front(), file = "projection-" + split + ".csv";
      const auto csv = results.analysis_text(run, kProjection, file);
      if (!csv) return;
      panels.push_back({fmt::format("{}, smoothing {}", split == "train" ? "training images" : "validation images", alpha),
                        make_plot(read_points(*csv, analysis_file(run, kProjection, file)), classes)});
    }
  }
  findings.figures.push_back(make_figure("figure-1-" + row.training.key + ".svg", panels, 4, classes,
                                         row.training.title + " on " + setup.pictures_title +
                                             ": 100 images of each of three classes, seed 1; a cross is the template of a class"));
}

Findings evaluate_projections(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  Table table{.caption =
                  "Spread of the three clusters: root mean square distance from the centre of the class, over the mean distance of the "
                  "centres. Less is tighter",
              .header = {"network", "images", "hard labels", fmt::format("smoothing {}", setup.alpha)}};
  for (const TableRow& row : table_rows(setup)) {
    add_projection_figure(findings, setup, results, row);
    for (const std::string split : {"train", "val"}) {
      const Sample hard = spreads(findings, results, row, 0, split), smooth = spreads(findings, results, row, setup.alpha, split);
      table.rows.push_back({row.training.title, split == "train" ? "training" : "validation", format_value(hard), format_value(smooth)});
      findings.claims.push_back(claim_above({.text = fmt::format("{}: smoothing makes the clusters of {} images tighter",
                                                                 row.training.title, split == "train" ? "training" : "validation")},
                                            hard, smooth));
    }
  }
  findings.tables.push_back(std::move(table));
  return findings;
}

}  // namespace

const Experiment kFigure1{.name = "fig1",
                          .title = "Figure 1: what smoothing does to the activations",
                          .question =
                              "The activations before the last layer, projected on the plane through the weight vectors of three "
                              "classes. Smoothed labels should gather each class into a tight cluster.",
                          .add_steps = add_projection_steps,
                          .evaluate = evaluate_projections};

}  // namespace temper::reproduce
