#include "core/ops/distillation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

void check_logits(const char* op, const Shape& student, const Shape& teacher) {
  TEMPER_CHECK(student == teacher, op, ": student logits ", student, " and teacher logits ", teacher,
               " differ; both networks must see the same batch and have the same classes");
  TEMPER_CHECK(student.rank() >= 1 && student.last() >= 1, op, ": logits ", student, " have no classes; give them as (N,K)");
}

double rows_of(const Shape& logits) { return static_cast<double>(std::max<Index>(1, logits.rows())); }

// The sum of body(first element) over all rows.
template <class Body> double sum_over_rows(const Shape& shape, Body body) {
  const Index K = shape.last();
  const auto rows = [&](Index begin, Index end) {
    double sum = 0;
    for (Index row = begin; row < end; ++row) sum += body(row * K);
    return sum;
  };
  return parallel_reduce(shape.rows(), row_grain(K), 0.0, rows, std::plus<>());
}

// Both losses leave their whole gradient behind in forward.
void multiply_into(const GradientView& dstudent, const View& gradient, float dloss) {
  parallel_for(dstudent.size(), kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dstudent.store(i, dloss * gradient[i]);
  });
}

// y = log softmax(z / temperature) of one row.
void log_softmax(const float* z, Index K, double temperature, double* y) {
  float max = -std::numeric_limits<float>::infinity();
  for (Index k = 0; k < K; ++k) max = std::max(max, z[k]);  // a NaN is passed over here and caught by the sum
  double sum = 0;
  for (Index k = 0; k < K; ++k) {
    y[k] = (double{z[k]} - max) / temperature;
    sum += std::exp(y[k]);
  }
  const double log_sum = std::log(sum);
  for (Index k = 0; k < K; ++k) y[k] -= log_sum;
}

struct DistillationLoss {
  static constexpr auto name = "distillation_loss";
  double teacher_temperature, student_temperature, factor;

  Shape shape(const Shape& student, const Shape& teacher) const {
    check_logits(name, student, teacher);
    return {};
  }
  std::array<Shape, 1> saved(const Shape& student, const Shape&) const { return {student}; }

  void forward(In<0> student, In<1> teacher, Out loss, Saved<0> gradient) const {
    const Index K = student.shape.last();
    const double N = rows_of(student.shape), slope = factor / (N * student_temperature);
    const double sum = sum_over_rows(student.shape, [&](Index first) {
      Workspace scratch;
      double* const log_p = scratch.take<double>(K);
      double* const log_q = scratch.take<double>(K);
      log_softmax(teacher.data + first, K, teacher_temperature, log_p);
      log_softmax(student.data + first, K, student_temperature, log_q);
      double divergence = 0;
      for (Index k = 0; k < K; ++k) {
        const double p = std::exp(log_p[k]);
        if (p != 0) divergence += p * (log_p[k] - log_q[k]);  // 0 log 0 = 0; a NaN is not 0
        gradient[first + k] = static_cast<float>(slope * (std::exp(log_q[k]) - p));
      }
      return divergence;
    });
    loss[0] = static_cast<float>(factor * sum / N);
  }

  void backward(Saved<0> gradient, Grad dloss, Into<0> dstudent) const { multiply_into(dstudent, gradient, dloss[0]); }
};

struct LogitMatchingLoss {
  static constexpr auto name = "logit_matching_loss";

  Shape shape(const Shape& student, const Shape& teacher) const {
    check_logits(name, student, teacher);
    return {};
  }
  std::array<Shape, 1> saved(const Shape& student, const Shape&) const { return {student}; }

  void forward(In<0> student, In<1> teacher, Out loss, Saved<0> gradient) const {
    const Index K = student.shape.last();
    const double N = rows_of(student.shape);
    const double sum = sum_over_rows(student.shape, [&](Index first) {
      double squares = 0;
      for (Index i = first; i < first + K; ++i) {
        const double difference = double{student[i]} - teacher[i];
        squares += difference * difference;
        gradient[i] = static_cast<float>(difference / N);
      }
      return squares;
    });
    loss[0] = static_cast<float>(0.5 * sum / N);
  }

  void backward(Saved<0> gradient, Grad dloss, Into<0> dstudent) const { multiply_into(dstudent, gradient, dloss[0]); }
};

void check_temperature(const char* whose, float temperature) {
  TEMPER_CHECK(temperature > 0 && std::isfinite(temperature), DistillationLoss::name, ": the ", whose, " temperature ", temperature,
               " is not a finite number above 0; 1 leaves the logits as they are");
}

}  // namespace

Tensor distillation_loss(Tensor student_logits, const Tensor& teacher_logits, const DistillationOptions& options) {
  check_temperature("teacher", options.teacher_temperature);
  check_temperature("student", options.student_temperature);
  const double factor = options.scale_by_squared_temperature ? double{options.teacher_temperature} * options.student_temperature : 1;
  return Tape::apply(DistillationLoss{options.teacher_temperature, options.student_temperature, factor}, std::move(student_logits),
                     teacher_logits.detach());
}

Tensor logit_matching_loss(Tensor student_logits, const Tensor& teacher_logits) {
  return Tape::apply(LogitMatchingLoss{}, std::move(student_logits), teacher_logits.detach());
}

}  // namespace temper
