// Figures of a calibrated run: risk against coverage, and the NLL as a function of the temperature.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// Two plots with one legend, and a text that says how to read them; nothing when no run recorded these curves.
std::string calibration_figures(std::span<const runs::Run> runs);

// The metrics before and after, as a table.
std::string before_and_after(const calibration::CalibrationRecord& record);

}  // namespace temper::report
