#include "models/calibration/metrics/json.h"

namespace temper::calibration {

Json to_json(const Metrics& metrics) {
  Json json{{"samples", metrics.samples}};
  for (const Metric& metric : metrics_by_number()) json[metric.key] = metrics.*metric.value;
  return json;
}

Metrics read_metrics(const JsonNode& node) {
  Metrics metrics{.samples = node.count_or("samples")};
  for (const Metric& metric : kMetrics)
    metrics.*metric.value = metric.is_fraction() ? node.fraction_or(metric.key) : node.number_or(metric.key);
  return metrics;
}

Json to_json(std::span<const Bin> bins) {
  Json list = Json::array();
  for (const Bin& bin : bins) {
    list.push_back(
        {{"lower", bin.lower}, {"upper", bin.upper}, {"count", bin.count}, {"confidence", bin.confidence}, {"accuracy", bin.accuracy}});
  }
  return list;
}

std::vector<Bin> read_reliability(const JsonNode& node, std::string_view key) {
  std::vector<Bin> bins;
  if (!node.has("reliability") || !node.object("reliability").has(key)) return bins;
  for (const JsonNode& entry : node.object("reliability").objects(key)) {
    Bin bin{.lower = entry.fraction_or("lower", 0), .upper = entry.fraction_or("upper", 0), .count = entry.count_or("count")};
    if (bin.count > 0) {
      bin.confidence = entry.fraction_or("confidence");
      bin.accuracy = entry.fraction_or("accuracy");
    }
    bins.push_back(bin);
  }
  return bins;
}

}  // namespace temper::calibration
