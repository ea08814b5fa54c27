#include "apps/temper/probability_file.h"

#include <fmt/format.h>

#include <vector>

#include "core/file.h"
#include "models/calibration/softmax.h"

namespace temper::app {
namespace {

using calibration::Calibrator;
using calibration::Predictions;

// visit(probabilities) for one sample after the other.
template <class Visit> void for_each_row(const Predictions& predictions, const Calibrator& calibrator, Visit visit) {
  std::vector<double> p(static_cast<std::size_t>(predictions.classes));
  for (Index i = 0; i < predictions.size(); ++i) {
    calibrator.apply(predictions.row(i), p);
    calibration::softmax(std::span<const double>(p), 1, p);
    visit(std::span<const double>(p));
  }
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
    std::vector<double> all;
    all.reserve(predictions.logits.size());
    for_each_row(predictions, calibrator, [&](std::span<const double> p) { all.insert(all.end(), p.begin(), p.end()); });
    const std::string header = npy_header(predictions.size(), predictions.classes);
    const std::string_view parts[] = {header, {reinterpret_cast<const char*>(all.data()), all.size() * sizeof(double)}};
    return write_file(path, parts);
  }
  std::string text;
  for_each_row(predictions, calibrator, [&](std::span<const double> p) { text += fmt::format("{}\n", fmt::join(p, ",")); });
  write_file(path, text);
}

}  // namespace temper::app
