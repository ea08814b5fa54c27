// The trainings that tables 2 and 3 and figure 2 share.
#pragma once

#include <string>
#include <vector>

#include "apps/reproduce/plan.h"

namespace temper::reproduce {

// One network of the tables, and how many seeds of it.
struct TableRow {
  Training training;
  int seeds = 1;
};
std::vector<TableRow> table_rows(const ExperimentSetup& setup);

// The names of a row's runs with some smoothing.
std::vector<std::string> list_runs(const TableRow& row, double alpha);
void add_table_steps(const ExperimentSetup& setup, Plan& plan);

}  // namespace temper::reproduce
