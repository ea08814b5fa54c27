// The commands of the program: each adds itself, with its options and what it does, to the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace temper::app {

void add_train(CLI::App& app);
void add_eval(CLI::App& app);
void add_predict(CLI::App& app);
void add_calibrate(CLI::App& app);
void add_distill(CLI::App& app);
void add_translate(CLI::App& app);
void add_analyze(CLI::App& app);
void add_reproduce(CLI::App& app);
void add_report(CLI::App& app);
void add_bench(CLI::App& app);
void add_models(CLI::App& app);
void add_convert(CLI::App& app);
void add_data(CLI::App& app);
void add_doctor(CLI::App& app);

}  // namespace temper::app
