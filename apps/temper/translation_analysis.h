// What `analyze` does with a run that translates: Figure 4 of the paper.
#pragma once

#include <string>
#include <vector>

namespace temper::app {

struct TranslationAnalysis {
  std::string run, data;             // data: where it lies now, empty: as the run says
  std::vector<double> temperatures;  // checked
  std::string out;                   // a folder, empty: none
  bool json = false;
};

// BLEU of the test sentences, NLL and ECE of their next words, at each of the temperatures.
void analyze_translation(const TranslationAnalysis& options);

}  // namespace temper::app
