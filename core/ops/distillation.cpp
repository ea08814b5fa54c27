#include "core/ops/distillation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

void check_logits(const char* op, const Shape& student, const Shape& teacher) {
  TEMPER_CHECK(student == teacher, op, ": student logits ", student, " and teacher logits ", teacher,
               " differ; both networks must get the same batch and have the same classes");
  TEMPER_CHECK(student.rank() >= 1 && student.last() >= 1, op, ": logits ", student, " have no classes; give them as (N,K)");
}

double row_count(const Shape& logits) { return static_cast<double>(std::max<Index>(1, logits.rows())); }

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

// Every loss here leaves its whole gradient behind in forward.
void multiply_into(const GradientView& dstudent, const View& gradient, float dloss) {
  parallel_for(dstudent.size(), kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) dstudent.store(i, dloss * gradient[i]);
  });
}

// p = softmax(z / temperature) of one row and y = log p; an exponential costs more than all else here, so p takes that of the sum.
void softmax(const float* z, Index K, double temperature, double* p, double* y) {
  float max = -std::numeric_limits<float>::infinity();
  for (Index k = 0; k < K; ++k) max = std::max(max, z[k]);  // a NaN is passed over here and caught by the sum
  double sum = 0;
  for (Index k = 0; k < K; ++k) {
    y[k] = (double{z[k]} - max) / temperature;
    sum += p[k] = std::exp(y[k]);
  }
  const double log_sum = std::log(sum);
  for (Index k = 0; k < K; ++k) {
    y[k] -= log_sum;
    p[k] /= sum;
  }
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
    const double N = row_count(student.shape), slope = factor / (N * student_temperature);
    const double sum = sum_over_rows(student.shape, [&](Index first) {
      Workspace scratch;
      double *const p = scratch.take<double>(K), *const log_p = scratch.take<double>(K);
      double *const q = scratch.take<double>(K), *const log_q = scratch.take<double>(K);
      softmax(teacher.data + first, K, teacher_temperature, p, log_p);
      softmax(student.data + first, K, student_temperature, q, log_q);
      double divergence = 0;
      for (Index k = 0; k < K; ++k) {
        if (p[k] != 0) divergence += p[k] * (log_p[k] - log_q[k]);  // 0 log 0 = 0; a NaN is not 0
        gradient[first + k] = static_cast<float>(slope * (q[k] - p[k]));
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
    const double N = row_count(student.shape);
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

// log(1 + e^x).
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

// p log(p / q) of logarithms; 0 log 0 = 0, and a NaN is not 0.
double divergence_term(double log_p, double log_q) {
  const double p = std::exp(log_p);
  return p != 0 ? p * (log_p - log_q) : 0;
}

// A row of logits as two decisions, in logarithms: for the target or against it, and which one of the others.
struct Decoupled {
  double target, others;  // log p_y, log(1 - p_y)
};
// Writes log p_k / (1 - p_y) of the others to `among_others`, whose place y is left alone.
Decoupled decouple(const float* z, Index K, Index y, double temperature, double* among_others) {
  float max = -std::numeric_limits<float>::infinity();
  for (Index k = 0; k < K; ++k) {
    if (k != y) max = std::max(max, z[k]);
  }
  double sum = 0;
  for (Index k = 0; k < K; ++k) {
    if (k == y) continue;
    among_others[k] = (double{z[k]} - max) / temperature;
    sum += std::exp(among_others[k]);
  }
  const double log_sum = std::log(sum);
  for (Index k = 0; k < K; ++k) {
    if (k != y) among_others[k] -= log_sum;
  }
  const double log_odds = (double{z[y]} - max) / temperature - log_sum;
  return {-softplus(-log_odds), -softplus(log_odds)};
}

// The labels are the caller's memory and read by forward alone.
struct DecoupledDistillationLoss {
  static constexpr auto name = "decoupled_distillation_loss";
  std::span<const std::int32_t> labels;
  double target_weight, non_target_weight;
  double teacher_temperature, student_temperature, factor;

  Shape shape(const Shape& student, const Shape& teacher) const {
    check_logits(name, student, teacher);
    return {};
  }
  std::array<Shape, 1> saved(const Shape& student, const Shape&) const { return {student}; }

  void forward(In<0> student, In<1> teacher, Out loss, Saved<0> gradient) const {
    const Index K = student.shape.last();
    const double N = row_count(student.shape);
    const double sum = sum_over_rows(student.shape, [&](Index first) {
      const Index y = labels[static_cast<std::size_t>(first / K)];
      return row(student.data + first, teacher.data + first, K, y, factor / (N * student_temperature), gradient.data + first);
    });
    loss[0] = static_cast<float>(factor * sum / N);
  }

  void backward(Saved<0> gradient, Grad dloss, Into<0> dstudent) const { multiply_into(dstudent, gradient, dloss[0]); }

 private:
  // Returns what a row adds to the loss, without the factor, and writes its gradient.
  double row(const float* student, const float* teacher, Index K, Index y, double slope, float* gradient) const {
    Workspace scratch;
    double* const log_p = scratch.take<double>(K);
    double* const log_q = scratch.take<double>(K);
    const Decoupled p = decouple(teacher, K, y, teacher_temperature, log_p);
    const Decoupled q = decouple(student, K, y, student_temperature, log_q);
    const double too_sure = target_weight * (std::exp(q.target) - std::exp(p.target));
    double among_others = 0;
    for (Index k = 0; k < K; ++k) {
      if (k == y) continue;
      among_others += divergence_term(log_p[k], log_q[k]);
      const double share = std::exp(log_q[k]);
      gradient[k] = static_cast<float>(slope * (non_target_weight * (share - std::exp(log_p[k])) - too_sure * share));
    }
    gradient[y] = static_cast<float>(slope * too_sure);
    return target_weight * (divergence_term(p.target, q.target) + divergence_term(p.others, q.others)) + non_target_weight * among_others;
  }
};

void check_labels(const Shape& z, std::span<const std::int32_t> labels) {
  constexpr auto kName = DecoupledDistillationLoss::name;
  TEMPER_CHECK(z.rank() >= 1 && z.last() >= 3, kName, ": logits ", z,
               " have fewer than two classes beside the label's; use distillation_loss");
  TEMPER_CHECK(static_cast<Index>(labels.size()) == z.rows(), kName, ": ", labels.size(), " labels for logits ", z,
               "; give one for each of the ", z.rows(), " rows");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    TEMPER_CHECK(labels[i] >= 0 && labels[i] < z.last(), kName, ": label ", labels[i], " of sample ", i, " is not in 0..", z.last() - 1,
                 "; correct it");
  }
}

void check_temperature(const char* op, const char* whose, float temperature) {
  TEMPER_CHECK(temperature > 0 && std::isfinite(temperature), op, ": the ", whose, " temperature ", temperature,
               " is not a finite number above 0; 1 leaves the logits unchanged");
}

void check_temperatures(const char* op, const DistillationOptions& options) {
  check_temperature(op, "teacher", options.teacher_temperature);
  check_temperature(op, "student", options.student_temperature);
}

double loss_factor(const DistillationOptions& options) {
  return options.scale_by_squared_temperature ? double{options.teacher_temperature} * options.student_temperature : 1;
}

}  // namespace

Tensor distillation_loss(Tensor student_logits, const Tensor& teacher_logits, const DistillationOptions& options) {
  check_temperatures(DistillationLoss::name, options);
  return Tape::apply(DistillationLoss{options.teacher_temperature, options.student_temperature, loss_factor(options)},
                     std::move(student_logits), teacher_logits.detach());
}

Tensor logit_matching_loss(Tensor student_logits, const Tensor& teacher_logits) {
  return Tape::apply(LogitMatchingLoss{}, std::move(student_logits), teacher_logits.detach());
}

Tensor decoupled_distillation_loss(Tensor student_logits, const Tensor& teacher_logits, std::span<const std::int32_t> labels,
                                   const DecoupledWeights& weights, const DistillationOptions& options) {
  constexpr auto kName = DecoupledDistillationLoss::name;
  check_temperatures(kName, options);
  const auto legal = [](float weight) { return weight >= 0 && std::isfinite(weight); };
  TEMPER_CHECK(legal(weights.target) && legal(weights.non_target), kName, ": the weights ", weights.target, " and ", weights.non_target,
               " are not finite numbers of at least 0; the paper has 1 and 8");
  check_logits(kName, student_logits.shape(), teacher_logits.shape());
  check_labels(student_logits.shape(), labels);
  return Tape::apply(DecoupledDistillationLoss{labels, weights.target, weights.non_target, options.teacher_temperature,
                                               options.student_temperature, loss_factor(options)},
                     std::move(student_logits), teacher_logits.detach());
}

}  // namespace temper
