// The table of metrics, and what walks it.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <set>

#include "models/calibration/metrics/json.h"
#include "models/calibration/metrics/metrics.h"

namespace temper::calibration {
namespace {

// Every member has another value.
Metrics numbered() {
  Metrics metrics{.samples = 360};
  double value = 0.01;
  for (const Metric& metric : kMetrics) metrics.*metric.value = value += 0.01;
  return metrics;
}

TEST_CASE("metrics: every row of the table is another metric, and every member has a row") {
  std::set<std::string_view> keys, headings;
  for (const Metric& metric : kMetrics) {
    keys.insert(metric.key);
    headings.insert(metric.heading);
  }
  CHECK(keys.size() == kMetrics.size());
  CHECK(headings.size() == kMetrics.size());
  CHECK(sizeof(Metrics) == sizeof(Index) + kMetrics.size() * sizeof(double));
  const Metrics metrics = numbered();
  std::set<double> values;
  for (const Metric& metric : kMetrics) values.insert(metrics.*metric.value);
  CHECK(values.size() == kMetrics.size());
  for (const Metric& metric : kMetrics) CHECK(std::isnan(Metrics{}.*metric.value));
}

TEST_CASE("metrics: the order of the keys of JSON and of the columns of the log does not change") {
  std::vector<std::string> keys, columns;
  const Json json = to_json(numbered());
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  const std::vector<std::string> expected{"samples",
                                          "accuracy",
                                          "nll",
                                          "ece",
                                          "mce",
                                          "ace",
                                          "classwise_ece",
                                          "brier",
                                          "debiased_ece",
                                          "smooth_ece",
                                          "brier_reliability",
                                          "brier_resolution",
                                          "brier_uncertainty",
                                          "aurc",
                                          "auroc"};
  REQUIRE(keys.size() >= expected.size());
  CHECK(std::vector(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(expected.size())) == expected);
  for (const Metric& metric : log_columns()) columns.emplace_back(metric.key);
  CHECK(columns == std::vector<std::string>{"nll", "accuracy", "ece"});
  for (std::size_t i = 0; i < kMetrics.size(); ++i) CHECK(metrics_by_number().at(i).number == static_cast<int>(i) + 1);
}

TEST_CASE("metrics: what is written as JSON is read again, to the bit") {
  const Metrics written = numbered();
  const Metrics read = read_metrics(JsonNode(parse_json(to_json(written).dump())));
  CHECK(read.samples == written.samples);
  for (const Metric& metric : kMetrics) CHECK(read.*metric.value == written.*metric.value);
}

TEST_CASE("metrics: one that is absent or null was not measured, and keys of another version are skipped") {
  for (const Metric& metric : kMetrics) {
    Json json = to_json(numbered());
    json["of_a_newer_version"] = "text";
    for (const bool null : {true, false}) {
      if (null)
        json[metric.key] = nullptr;
      else
        json.erase(metric.key);
      const Metrics read = read_metrics(JsonNode(json));
      for (const Metric& other : kMetrics) CHECK(std::isnan(read.*other.value) == (other.key == metric.key));
    }
  }
  CHECK(read_metrics(JsonNode(Json::object())).samples == 0);
  Metrics infinite;
  infinite.nll = std::numeric_limits<double>::infinity();
  CHECK(parse_json(to_json(infinite).dump()).at("nll").is_null());  // JSON has no infinity
}

TEST_CASE("metrics: a value that can be none is refused by its key") {
  for (const Metric& metric : kMetrics) {
    Json json = to_json(numbered());
    json[metric.key] = "text";
    CHECK_THROWS_WITH_AS(read_metrics(JsonNode(json, "val")), str_cat("val.", metric.key, " is not a number").c_str(), Error);
    json[metric.key] = 1.5;
    if (metric.is_fraction())
      CHECK_THROWS_WITH_AS(read_metrics(JsonNode(json, "val")), str_cat("val.", metric.key, " is 1.5, not in 0..1").c_str(), Error);
    else
      CHECK(read_metrics(JsonNode(json)).*metric.value == 1.5);
  }
  CHECK_THROWS_WITH_AS(read_metrics(JsonNode(Json{{"samples", 1.5}})), "samples is not a count", Error);
}

}  // namespace
}  // namespace temper::calibration
