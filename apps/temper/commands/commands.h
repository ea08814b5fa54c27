// The commands of the program: each adds itself, with its options and what it does, to the command line.
#pragma once

#include <CLI/CLI.hpp>

namespace temper::app {

using AddCommand = void(CLI::App& app);

AddCommand add_train, add_eval, add_predict, add_calibrate, add_distill, add_translate, add_analyze, add_reproduce, add_report, add_bench,
    add_models, add_convert, add_data, add_doctor;

// In the order of `temper --help`.
inline constexpr AddCommand* kCommands[] = {add_train,     add_eval,   add_predict, add_calibrate, add_distill, add_translate, add_analyze,
                                            add_reproduce, add_report, add_bench,   add_models,    add_convert, add_data,      add_doctor};

}  // namespace temper::app
