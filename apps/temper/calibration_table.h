// Calibrators times metrics: one table of everything that `temper calibrate` measured, for papers and spreadsheets.
#pragma once

#include <span>
#include <string>

#include "apps/temper/calibration_text.h"

namespace temper::app {

// Whether the ending is one of those below.
bool is_table_file(const std::string& path);

// A row for the logits as they are (method "none") and one for each method that was tried; a method that was turned down has the numbers
// that it reached, and the status kept_identity. FILE.csv: every metric as a fraction to as many digits as reading back exactly takes, the
// ECE with the ends of its 95 % interval. FILE.md: the same for reading, to four decimals.
void write_table(const std::string& path, std::span<const Calibrated> all);

}  // namespace temper::app
