// Metrics and reliability as JSON, in the keys of the command line's contract. For sources of the library and the apps.
#pragma once

#include <span>

#include "core/base/json.h"
#include "models/calibration/metrics/metrics.h"

namespace temper::calibration {

// Every metric; null for one that was not measured or is not finite.
Json to_json(const Metrics& metrics);
// The inverse. A metric that is absent, as in a file of a version that did not have it, was not measured. Throws Error naming the key for a
// value that is no number, or one outside 0..1 of a metric that lies there.
Metrics read_metrics(const JsonNode& node);

Json to_json(std::span<const Bin> bins);
// The inverse, of node.reliability.KEY; nothing where that is absent.
std::vector<Bin> read_reliability(const JsonNode& node, std::string_view key);

}  // namespace temper::calibration
