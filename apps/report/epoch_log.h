// log.csv: a header, then a row an epoch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "apps/report/run_record.h"

namespace temper::report {

// Columns are found by name; other columns are skipped. epoch, train_loss, val_nll and val_accuracy must exist, the rest may be absent
// (NaN). "nan" and "inf" are numbers, an empty field is NaN. A row that repeats an earlier epoch replaces it and all after it: a resumed
// run went back to its checkpoint. Throws Error, "<file>: line <n> ...", for anything else.
std::vector<EpochRecord> parse_epoch_log(std::string_view text, const std::string& file);

}  // namespace temper::report
