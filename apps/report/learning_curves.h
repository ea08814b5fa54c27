// How the runs learned: training loss, validation accuracy and validation NLL over the epochs.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// Three plots that share one legend, with a text that says how to read them; a sentence instead when no run has a log.
std::string learning_curves(std::span<const runs::Run> runs);

}  // namespace temper::report
