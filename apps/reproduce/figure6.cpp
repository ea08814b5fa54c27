// Figure 6: mutual information of an image's identity and the logits, along the training of a teacher.

#include <fmt/format.h>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"

namespace temper::reproduce {
namespace {

constexpr const char* kInformation = "information";

void add_information_steps(const Scene& scene, Plan& plan) {
  for (const double alpha : {0.0, scene.alpha}) {
    plan.analyze(plan.train("pictures", scene.pictures, scene.large, alpha, 1), kInformation, {"--snapshots"});
  }
}

struct Course {
  std::vector<report::Point> nats = {}, null = {};  // by epoch
};

Course course(Outcome& outcome, const Scene& scene, const Results& results, double alpha) {
  Course course;
  const std::string run = teacher_name(scene, alpha);
  results.read_analysis(run, kInformation, [&](const Json& analysis) {
    for (const Json& epoch : analysis.at("information_by_epoch")) {
      const double at = epoch.at("epoch").get<double>();
      course.nats.push_back({at, epoch.at("nats").get<double>()});
      course.null.push_back({at, epoch.at("shuffled_within_class").get<double>()});
      outcome.numbers.push_back({.network = scene.large.title,
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
Sample end_of(const Course& course) {
  Sample sample;
  for (std::size_t i = course.nats.size() * 2 / 3; i < course.nats.size(); ++i) sample.values.push_back(course.nats[i].y);
  return sample;
}

Outcome evaluate_information(const Scene& scene, const Results& results) {
  Outcome outcome;
  const Course hard = course(outcome, scene, results, 0), smooth = course(outcome, scene, results, scene.alpha);
  Claim claim =
      claim_above({.text = fmt::format("At the end of training a teacher smoothed by {} keeps less of an image's identity than a hard one",
                                       scene.alpha)},
                  end_of(hard), end_of(smooth));
  if (!claim.test.empty()) claim.test = "Student's t over the snapshots of the last third of one training each: other seeds may differ";
  outcome.claims.push_back(std::move(claim));
  if (hard.nats.empty() || smooth.nats.empty()) return outcome;
  std::vector<double> epochs, nats{0};
  for (const Course* c : {&hard, &smooth}) {
    for (const report::Point& p : c->nats) {
      epochs.push_back(p.x);
      nats.push_back(p.y);
    }
    for (const report::Point& p : c->null) nats.push_back(p.y);
  }
  std::vector<Panel> panels{{scene.large.title + " on " + scene.pictures_title,
                             report::Plot({.width = 620, .height = 360}, report::linear_axis("epoch", epochs),
                                          report::linear_axis("nats", nats), "Mutual information along the training")}};
  report::Plot& plot = panels[0].plot;
  const std::vector<std::string> names{"hard labels", fmt::format("smoothing {}", scene.alpha), "hard labels, shuffled within the classes",
                                       fmt::format("smoothing {}, shuffled within the classes", scene.alpha)};
  std::size_t series = 0;
  for (const std::vector<report::Point>* line : {&hard.nats, &smooth.nats, &hard.null, &smooth.null}) {
    plot.line(*line, report::series_class(series), names[series]);
    ++series;
  }
  outcome.figures.push_back(
      figure_of("figure-6.svg", panels, 1, names,
                "600 training images of two classes, 5 augmented images each and a fresh one; the estimate is biased, and "
                "the shuffled values show what it is when only the class is known"));
  return outcome;
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
