// log.csv: a header, then a row an epoch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/training/run_state.h"

namespace temper::runs {

// unit: of the samples, which names the last column: images_per_second.
void write_log(const std::string& folder, const std::vector<training::EpochRecord>& epochs, const std::string& unit = "images");

// Columns are found by name; other columns are skipped. epoch, train_loss, val_nll and val_accuracy must exist, the rest may be absent
// (NaN). "nan" and "inf" are numbers, an empty field is NaN. A row that repeats an earlier epoch replaces it and all after it: a resumed
// run went back to its checkpoint. Throws Error, "<file>: line <n> ...", for anything else.
std::vector<training::EpochRecord> parse_log(std::string_view text, const std::string& file);

}  // namespace temper::runs
