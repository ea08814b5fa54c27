// Figure 6: mutual information of an image's identity and the logits, along the training of a teacher.

#include <fmt/format.h>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"

namespace temper::reproduce {
namespace {

constexpr const char* kInformation = "information";

void add_information_steps(const ExperimentSetup& setup, Plan& plan) {
  for (const double alpha : {0.0, setup.alpha}) {
    plan.analyze(plan.train("pictures", setup.pictures, setup.large, alpha, 1), kInformation, {"--snapshots"});
  }
}

struct Course {
  std::vector<report::Point> nats = {}, null = {};  // by epoch
};

Course course(Findings& findings, const ExperimentSetup& setup, const Results& results, double alpha) {
  Course course;
  const std::string run = teacher_name(setup, alpha);
  results.read_analysis(run, kInformation, [&](const Json& analysis) {
    for (const Json& epoch : analysis.at("information_by_epoch")) {
      const double at = epoch.at("epoch").get<double>();
      course.nats.push_back({at, epoch.at("nats").get<double>()});
      course.null.push_back({at, epoch.at("shuffled_within_class").get<double>()});
      findings.numbers.push_back({.network = setup.large.title,
                                  .quantity = fmt::format("mutual information after epoch {}", epoch.at("epoch").get<int>()),
                                  .alpha = alpha,
                                  .seed = "1",
                                  .value = course.nats.back().y,
                                  .source = analysis_file(run, kInformation)});
    }
  });
  return course;
}

// The last third of the training, epoch by epoch.
Sample last_third(const Course& course) {
  Sample sample;
  for (std::size_t i = course.nats.size() * 2 / 3; i < course.nats.size(); ++i) sample.values.push_back(course.nats[i].y);
  return sample;
}

Findings evaluate_information(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  const Course hard = course(findings, setup, results, 0), smooth = course(findings, setup, results, setup.alpha);
  Claim claim =
      claim_above({.text = fmt::format("At the end of training a teacher smoothed by {} keeps less of an image's identity than a hard one",
                                       setup.alpha)},
                  last_third(hard), last_third(smooth));
  if (!claim.test.empty()) claim.test = "Student's t over the snapshots of the last third of one training each: other seeds may differ";
  findings.claims.push_back(std::move(claim));
  if (hard.nats.empty() || smooth.nats.empty()) return findings;
  std::vector<double> epochs, nats{0};
  for (const Course* c : {&hard, &smooth}) {
    for (const report::Point& p : c->nats) {
      epochs.push_back(p.x);
      nats.push_back(p.y);
    }
    for (const report::Point& p : c->null) nats.push_back(p.y);
  }
  std::vector<Panel> panels{{setup.large.title + " on " + setup.pictures_title,
                             report::Plot({.width = 620, .height = 360}, report::linear_axis("epoch", epochs),
                                          report::linear_axis("nats", nats), "Mutual information along the training")}};
  report::Plot& plot = panels[0].plot;
  const std::vector<std::string> names{"hard labels", fmt::format("smoothing {}", setup.alpha), "hard labels, shuffled within the classes",
                                       fmt::format("smoothing {}, shuffled within the classes", setup.alpha)};
  std::size_t series = 0;
  for (const std::vector<report::Point>* line : {&hard.nats, &smooth.nats, &hard.null, &smooth.null}) {
    plot.line(*line, report::series_class(series), names[series]);
    ++series;
  }
  findings.figures.push_back(
      make_figure("figure-6.svg", panels, 1, names,
                  "600 training images of two classes, 5 augmented images each and a fresh one; the estimate is biased, and "
                  "the shuffled values show what it is when only the class is known"));
  return findings;
}

}  // namespace

const Experiment kFigure6{.name = "fig6",
                          .title = "Figure 6: what a teacher still knows of an image",
                          .question =
                              "How much of the identity of a training image is left in the difference of two of its logits? What is erased "
                              "cannot be taught.",
                          .add_steps = add_information_steps,
                          .evaluate = evaluate_information};

}  // namespace temper::reproduce
