#include "apps/temper/commands/probability_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/file.h"
#include "core/engine/parallel.h"
#include "models/calibration/softmax.h"

namespace temper::app {
namespace {

using calibration::Calibrator;
using calibration::Predictions;

// The calibrated probabilities of the samples [begin, end), on all threads.
std::vector<double> compute_probabilities(const Predictions& predictions, const Calibrator& calibrator, Index begin, Index end) {
  const auto classes = static_cast<std::size_t>(predictions.classes);
  std::vector<double> all(static_cast<std::size_t>(end - begin) * classes);
  parallel_for(end - begin, row_grain(predictions.classes), [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const std::span<double> p = std::span(all).subspan(static_cast<std::size_t>(i) * classes, classes);
      calibrator.apply(predictions.row(begin + i), p);
      calibration::softmax(std::span<const double>(p), 1, p);
    }
  });
  return all;
}

// The header of version 1: its length makes the numbers begin at a multiple of 64 bytes.
std::string npy_header(Index rows, Index columns) {
  constexpr std::size_t kFixed = 10;
  std::string text = fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  text.resize((kFixed + text.size() + 1 + 63) / 64 * 64 - kFixed - 1, ' ');
  text += '\n';
  const auto low = static_cast<char>(text.size() & 0xFF), high = static_cast<char>(text.size() >> 8);
  return std::string("\x93NUMPY\x01\x00", 8) + low + high + text;
}

}  // namespace

bool is_probability_file(const std::string& path) { return path.ends_with(".npy") || path.ends_with(".csv"); }

void write_probabilities(const std::string& path, const Predictions& predictions, const Calibrator& calibrator) {
  if (path.ends_with(".npy")) {
    const std::vector<double> all = compute_probabilities(predictions, calibrator, 0, predictions.size());
    const std::string header = npy_header(predictions.size(), predictions.classes);
    const std::string_view parts[] = {header, {reinterpret_cast<const char*>(all.data()), all.size() * sizeof(double)}};
    return write_file(path, parts);
  }
  std::string text;
  constexpr Index kRows = 1024;  // at a time: text is longer than numbers
  for (Index begin = 0; begin < predictions.size(); begin += kRows) {
    const std::vector<double> some = compute_probabilities(predictions, calibrator, begin, std::min(predictions.size(), begin + kRows));
    for (auto row = some.begin(); row != some.end(); row += predictions.classes)
      text += fmt::format("{}\n", fmt::join(row, row + predictions.classes, ","));
  }
  write_file(path, text);
}

}  // namespace temper::app
