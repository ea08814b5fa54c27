// The table of runs.
#pragma once

#include <span>
#include <string>

#include "apps/report/run_record.h"

namespace temper::report {

// One row a run, the best values of the runs that share their test images marked. On a narrow screen every row becomes a card.
std::string run_table(std::span<const RunRecord> runs);

// "converged" -> "found inside its bounds", ... in words for people.
std::string status_in_words(const std::string& status);

}  // namespace temper::report
