#include "models/analysis/equivalent_smoothing.h"

#include <functional>

#include "core/engine/parallel.h"
#include "models/calibration/softmax.h"

namespace temper::analysis {

double equivalent_smoothing(const calibration::Predictions& teacher, double temperature) {
  calibration::check(teacher);
  calibration::check_temperature(temperature);
  const Index K = teacher.classes;
  TEMPER_CHECK(K >= 2, "equivalent smoothing: one class alone has no other to spread to; give logits of two classes or more");
  const auto beside_label = [&](Index begin, Index end) {
    double sum = 0;
    for (Index i = begin; i < end; ++i) {
      const auto label = static_cast<std::size_t>(teacher.label(i));
      double others = 0;  // summed by itself: 1 - p would lose what a sure teacher leaves beside the label
      const auto add_others = [&](std::size_t first, std::span<const double>, std::span<const double> e) {
        for (std::size_t j = 0; j < e.size(); ++j)
          if (first + j != label) others += e[j];
      };
      const calibration::Softmax p = calibration::softmax_terms(teacher.row(i), temperature, add_others);
      sum += (others + (static_cast<std::size_t>(p.predicted) == label ? 0 : 1)) * p.confidence();
    }
    return sum;
  };
  const double sum = parallel_reduce(teacher.size(), row_grain(K), 0.0, beside_label, std::plus<>());
  return sum / static_cast<double>(teacher.size()) * static_cast<double>(K) / static_cast<double>(K - 1);
}

}  // namespace temper::analysis
