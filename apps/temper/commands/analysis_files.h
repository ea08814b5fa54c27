// What `temper analyze --out` leaves: figures as SVG, their numbers as CSV.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "models/analysis/penultimate.h"
#include "models/analysis/projection.h"
#include "models/analysis/template_distances.h"

namespace temper::app {

// FOLDER/projection-SPLIT.svg and .csv: u, v and the class of every sample and template.
void write_projection(const std::string& folder, const std::string& split, const analysis::Projection& projection,
                      const analysis::Penultimate& penultimate);

// FOLDER/template-distances.csv: a row and a column for each class.
void write_template_distances(const std::string& folder, const analysis::TemplateDistances& distances,
                              const std::vector<std::string>& class_names);

// FOLDER/information.csv: a row for each input with its class and f of its augmented images.
void write_information(const std::string& folder, std::span<const double> values, std::span<const std::int32_t> classes,
                       const std::vector<std::string>& class_names);

struct TemperatureAndGamma {
  double temperature = 0, gamma = 0;
};
// FOLDER/smoothing.csv.
void write_smoothing(const std::string& folder, std::span<const TemperatureAndGamma> rows);

}  // namespace temper::app
