#include "core/ops/distillation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "tests/check_op.h"
#include "tests/core/ops/logits.h"

namespace temper {
namespace {

using doctest::Approx;
using reference::Array;

using Loss = std::function<Tensor(Tensor student, const Tensor& teacher)>;
Loss distil(const DistillationOptions& options = {}) {
  return [=](Tensor student, const Tensor& teacher) { return distillation_loss(std::move(student), teacher, options); };
}

// The teacher's logits are learned parameters, too: nothing may flow into them.
LossOfLogits evaluate_pair(const Shape& shape, const std::vector<float>& student, const std::vector<float>& teacher, const Loss& loss_of) {
  ParameterStore store;
  const auto declare = [&](const char* name, const std::vector<float>& values) -> Parameter& {
    return store.root().declare({.name = name, .shape = shape, .initialize = [values](const View& value, const Random&) {
                                   std::copy(values.begin(), values.end(), value.data);
                                 }});
  };
  Parameter& s = declare("student", student);
  Parameter& t = declare("teacher", teacher);
  store.commit({});
  Tape tape;
  const Tensor loss = loss_of(s, t);
  tape.backward(loss);
  CHECK(store.zero_unwritten_gradients() == std::vector<std::string>{"teacher"});
  return {loss.item(), {s.gradient.data, s.gradient.data + s.gradient.size()}};
}

std::vector<double> reference_probabilities(const Array& z, Index row, double temperature) {
  const Index K = z.shape.last();
  std::vector<double> p;
  double sum = 0;
  for (Index k = 0; k < K; ++k) {
    p.push_back(std::exp(z[row * K + k] / temperature));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

Array reference_divergence(const Array& student, const Array& teacher, const DistillationOptions& options) {
  Array loss(Shape{});
  for (Index row = 0; row < student.shape.rows(); ++row) {
    const auto p = reference_probabilities(teacher, row, options.teacher_temperature);
    const auto q = reference_probabilities(student, row, options.student_temperature);
    for (std::size_t k = 0; k < p.size(); ++k) loss[0] += p[k] * std::log(p[k] / q[k]) / static_cast<double>(student.shape.rows());
  }
  if (options.scale_by_squared_temperature) loss[0] *= double{options.teacher_temperature} * options.student_temperature;
  return loss;
}

Array reference_matching(const Array& student, const Array& teacher) {
  Array loss(Shape{});
  for (Index i = 0; i < student.size(); ++i)
    loss[0] += 0.5 * std::pow(student[i] - teacher[i], 2) / static_cast<double>(student.shape.rows());
  return loss;
}

TEST_CASE("distillation_loss") {
  const std::vector<DistillationOptions> all_options = {
      {},
      {.teacher_temperature = 3},
      {.teacher_temperature = 4, .student_temperature = 4, .scale_by_squared_temperature = true},
      {.teacher_temperature = 3, .student_temperature = 1.5f, .scale_by_squared_temperature = true},
      {.teacher_temperature = 0.5f, .student_temperature = 2}};
  for (const Shape& shape : kLogitShapes) {
    for (const DistillationOptions& options : all_options) {
      CAPTURE(shape);
      CAPTURE(options.teacher_temperature);
      check_op({.inputs = {shape, shape},
                .op = [&](auto x) { return distillation_loss(std::move(x[0]), x[1], options); },
                .reference = [&](auto x) { return reference_divergence(x[0], x[1], options); },
                .differentiable = {true, false}});
    }
  }
}

TEST_CASE("logit_matching_loss") {
  for (const Shape& shape : kLogitShapes) {
    CAPTURE(shape);
    check_op({.inputs = {shape, shape},
              .op = [](auto x) { return logit_matching_loss(std::move(x[0]), x[1]); },
              .reference = [](auto x) { return reference_matching(x[0], x[1]); },
              .differentiable = {true, false}});
  }
  const LossOfLogits result = evaluate_pair({2, 2}, {1, 2, 3, 4}, {0, 4, 3, 1}, logit_matching_loss);
  CHECK(result.loss == 3.5f);  // ((1 + 4) + (0 + 9)) / 2 / 2
  CHECK(result.gradient == std::vector<float>{0.5f, -1, 0, 1.5f});
}

TEST_CASE("distillation_loss: PyTorch's values") {
  const std::vector<float> s = {0.3f, -1.2f, 2, 1.5f, 0.1f, -0.7f}, t = {1, 0, -1, 0.5f, 2.5f, 0.2f};
  const auto check_result = [](const LossOfLogits& result, double loss, const std::vector<double>& gradient) {
    CHECK(result.loss == Approx(loss).epsilon(3e-7));
    for (std::size_t i = 0; i < gradient.size(); ++i) CHECK(result.gradient[i] == Approx(gradient[i]).epsilon(1e-6));
  };
  // F.kl_div(F.log_softmax(s / 3, 1), F.softmax(t / 3, 1), reduction='batchmean') * 9
  check_result(
      evaluate_pair({2, 3}, s, t, distil({.teacher_temperature = 3, .student_temperature = 3, .scale_by_squared_temperature = true})),
      1.352890141609, {-0.227413862408, -0.211926660330, 0.439340522738, 0.322429103750, -0.312001788256, -0.010427315494});
  // F.kl_div(F.log_softmax(s, 1), F.softmax(t / 4, 1), reduction='batchmean')
  check_result(evaluate_pair({2, 3}, s, t, distil({.teacher_temperature = 4})), 0.669679269434,
               {-0.134955044713, -0.146589147084, 0.281544191797, 0.228548367054, -0.139661654056, -0.088886712998});
}

TEST_CASE("distillation_loss: the mean is over the batch, the direction teacher to student") {
  const float ln3 = std::log(3.0f);
  const LossOfLogits one = evaluate_pair({1, 2}, {0, 0}, {ln3, 0}, distil());
  CHECK(one.loss == Approx(0.130812).epsilon(1e-5));
  std::vector<float> teacher;
  for (int i = 0; i < 7; ++i) teacher.insert(teacher.end(), {ln3, 0});
  const LossOfLogits seven = evaluate_pair({7, 2}, std::vector<float>(14), teacher, distil());
  CHECK(seven.loss == Approx(one.loss).epsilon(1e-6));
  double sum = 0;  // a bias shared by all samples gets the same gradient, whatever the batch
  for (std::size_t i = 0; i < 14; i += 2) sum += seven.gradient[i];
  CHECK(sum == Approx(one.gradient[0]).epsilon(1e-6));
  CHECK(evaluate_pair({1, 2}, {ln3, 0}, {0, 0}, distil()).loss == Approx(0.143841).epsilon(1e-5));  // the other direction
}

TEST_CASE("distillation_loss: with the squared temperature the gradient does not vanish") {
  const auto slope = [](float temperature, bool scaled) {
    return evaluate_pair(
               {1, 2}, {0, 0}, {2, 0},
               distil({.teacher_temperature = temperature, .student_temperature = temperature, .scale_by_squared_temperature = scaled}))
        .gradient[0];
  };
  CHECK(slope(1, true) == Approx(-0.380797).epsilon(2e-6));
  CHECK(slope(4, true) == Approx(-0.489837).epsilon(2e-6));
  CHECK(slope(20, true) == Approx(-0.499583).epsilon(2e-6));
  CHECK(slope(4, false) == Approx(-0.030615).epsilon(2e-5));
  CHECK(slope(20, false) == Approx(-0.001249).epsilon(2e-4));
}

TEST_CASE("distillation_loss: 0 for a perfect student, and small divergences keep their digits") {
  const std::vector<float> z = {5, -3, 0.1f, 800, -800, 3};
  const LossOfLogits perfect = evaluate_pair({2, 3}, z, z, distil());
  CHECK(perfect.loss == 0);
  for (const float g : perfect.gradient) CHECK(g == 0);
  // KL(p || q) of two classes with logits d apart: d tanh(d / 2) / 2 - log cosh(d / 2) = d^2 / 8 - d^4 / 64 + ...
  const double d = 1e-3;
  CHECK(evaluate_pair({1, 2}, {0, 0}, {static_cast<float>(d), 0}, distil()).loss == Approx(d * d / 8).epsilon(1e-6));
}

TEST_CASE("distillation_loss: large logits, infinity and NaN") {
  const auto loss = [](const std::vector<float>& student, const std::vector<float>& teacher, const DistillationOptions& options = {}) {
    return evaluate_pair({1, 2}, student, teacher, distil(options)).loss;
  };
  CHECK(loss({200, 0}, {0, 200}) == 200);
  CHECK(loss({1e8f, 1e8f}, {1e8f, 1e8f}) == 0);
  CHECK(loss({1e8f, 0}, {0, 1e8f}) == 1e8f);
  CHECK(loss({0, 0}, {1, 0}, {.teacher_temperature = 1e-30f}) == Approx(std::log(2)));
  CHECK(loss({0, 0}, {1, 0}, {.teacher_temperature = 1e30f}) == 0);
  CHECK(loss({0, -kInfinity}, {0, -kInfinity}) == 0);
  CHECK(loss({0, 0}, {0, -kInfinity}) == Approx(std::log(2)));
  CHECK(loss({0, -kInfinity}, {0, 0}) == kInfinity);
  for (const float bad : {NAN, kInfinity}) {
    for (const std::vector<float>& row : {std::vector<float>{bad, 0}, {0, bad}, {bad, bad}, {bad, -kInfinity}}) {
      CHECK(std::isnan(loss(row, {0, 1})));
      CHECK(std::isnan(loss({0, 1}, row)));
    }
  }
  CHECK(std::isnan(evaluate_pair({1, 2}, {0, NAN}, {0, 1}, logit_matching_loss).loss));
}

// Zhao et al. 2022, equations 2 to 8, term by term.
Array reference_decoupled(const Array& student, const Array& teacher, const std::vector<std::int32_t>& labels,
                          const DecoupledWeights& weights, const DistillationOptions& options) {
  Array loss(Shape{});
  const auto term = [](double p, double q) { return p * std::log(p / q); };
  for (Index row = 0; row < student.shape.rows(); ++row) {
    const auto p = reference_probabilities(teacher, row, options.teacher_temperature);
    const auto q = reference_probabilities(student, row, options.student_temperature);
    const auto y = static_cast<std::size_t>(labels[static_cast<std::size_t>(row)]);
    double sum = weights.target * (term(p[y], q[y]) + term(1 - p[y], 1 - q[y]));
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (k != y) sum += weights.non_target * term(p[k] / (1 - p[y]), q[k] / (1 - q[y]));
    }
    loss[0] += sum / static_cast<double>(student.shape.rows());
  }
  if (options.scale_by_squared_temperature) loss[0] *= double{options.teacher_temperature} * options.student_temperature;
  return loss;
}

std::vector<std::int32_t> some_labels(const Shape& shape) {
  std::vector<std::int32_t> labels;
  for (Index row = 0; row < shape.rows(); ++row) labels.push_back(static_cast<std::int32_t>((row * 7 + 2) % shape.last()));
  return labels;
}

TEST_CASE("decoupled_distillation_loss") {
  struct Case {
    DecoupledWeights weights;
    DistillationOptions options;
  };
  const std::vector<Case> cases = {{},
                                   {{1, 1}, {.teacher_temperature = 4, .student_temperature = 4, .scale_by_squared_temperature = true}},
                                   {{0, 2}, {.teacher_temperature = 0.5f, .student_temperature = 2}},
                                   {{3, 0}, {.teacher_temperature = 2}}};
  for (const Shape& shape : {Shape{1, 3}, Shape{5, 3}, Shape{17, 10}, Shape{2, 3, 4}, Shape{37, 11}, Shape{3}}) {
    for (const Case& c : cases) {
      CAPTURE(shape);
      const std::vector<std::int32_t> labels = some_labels(shape);
      check_op({.inputs = {shape, shape},
                .op = [&](auto x) { return decoupled_distillation_loss(std::move(x[0]), x[1], labels, c.weights, c.options); },
                .reference = [&](auto x) { return reference_decoupled(x[0], x[1], labels, c.weights, c.options); },
                .differentiable = {true, false}});
    }
  }
}

TEST_CASE("decoupled_distillation_loss: what it is beside the plain loss") {
  const std::vector<float> s = {0.3f, -1.2f, 2, 1}, t = {1, 0, -1, 0.5f};
  const std::vector<std::int32_t> label{2};
  const auto decoupled = [&](const DecoupledWeights& weights, const std::vector<float>& teacher) {
    return evaluate_pair({1, 4}, s, teacher, [&](Tensor student, const Tensor& taught) {
      return decoupled_distillation_loss(std::move(student), taught, label, weights);
    });
  };
  double sum = 0;
  for (const float z : t) sum += std::exp(static_cast<double>(z));
  const double others = 1 - std::exp(-1.0) / sum;  // KL = TCKD + (1 - p_y) NCKD
  const LossOfLogits plain = evaluate_pair({1, 4}, s, t, distil()), same = decoupled({1, static_cast<float>(others)}, t);
  CHECK(same.loss == Approx(plain.loss).epsilon(1e-6));
  for (std::size_t k = 0; k < 4; ++k) CHECK(same.gradient[k] == Approx(plain.gradient[k]).epsilon(1e-5));
  // A teacher that is certain says nothing more to the plain loss, and all it knows about the others to this one.
  const std::vector<float> certain = {1, 0, 1000, 0.5f};
  CHECK(std::fabs(evaluate_pair({1, 4}, {0, 0, 900, 0}, certain, distil()).loss) < 1e-30);
  CHECK(decoupled({0, 1}, certain).loss == Approx(decoupled({0, 1}, t).loss).epsilon(1e-6));
  CHECK(decoupled({1, 8}, s).loss == 0);
}

// Case S4: of two classes the other one is certain, and 0 / 0 is no loss.
TEST_CASE("decoupled_distillation_loss: two classes, labels that are none and bad numbers are refused by name") {
  const auto refused = [](const Shape& shape, const std::vector<std::int32_t>& labels, const DecoupledWeights& weights, const char* what) {
    const Tensor z(shape);
    CHECK_THROWS_WITH_AS(decoupled_distillation_loss(z, z, labels, weights), doctest::Contains(what), Error);
  };
  refused({2, 2}, {0, 1}, {}, "fewer than two classes beside the label's");
  refused({2, 1}, {0, 0}, {}, "fewer than two classes beside the label's");
  refused({2, 3}, {0}, {}, "1 labels for logits (2,3)");
  refused({2, 3}, {0, 3}, {}, "label 3 of sample 1");
  refused({2, 3}, {0, -1}, {}, "label -1 of sample 1");
  for (const float bad : {-1.0f, NAN, kInfinity}) {
    refused({1, 3}, {0}, {.target = bad}, "the weights");
    refused({1, 3}, {0}, {.non_target = bad}, "the weights");
  }
  const Tensor a(Shape{2, 3}), b(Shape{3, 2});
  CHECK_THROWS_WITH_AS(decoupled_distillation_loss(a, b, some_labels({2, 3})), doctest::Contains("differ"), Error);
  CHECK_THROWS_WITH_AS(decoupled_distillation_loss(a, a, some_labels({2, 3}), {}, {.student_temperature = 0}),
                       doctest::Contains("decoupled_distillation_loss: the student temperature"), Error);
}

TEST_CASE("decoupled_distillation_loss: large logits, infinity and NaN") {
  const std::vector<std::int32_t> label{0};
  const auto loss = [&](const std::vector<float>& student, const std::vector<float>& teacher) {
    return evaluate_pair({1, 3}, student, teacher,
                         [&](Tensor s, const Tensor& t) {
                           return decoupled_distillation_loss(std::move(s), t, label, {1, 1});
                         })
        .loss;
  };
  CHECK(loss({200, 0, 0}, {0, 200, 200}) == Approx(200 - std::log(2)));
  CHECK(loss({1e8f, 1e8f, 1e8f}, {1e8f, 1e8f, 1e8f}) == 0);
  CHECK(loss({0, 0, -kInfinity}, {0, 0, -kInfinity}) == 0);
  CHECK(loss({0, 0, -kInfinity}, {0, 0, 0}) == kInfinity);
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<float> bad{0, 1, 2};
    bad[k] = NAN;
    CHECK(std::isnan(loss(bad, {0, 1, 2})));
    CHECK(std::isnan(loss({0, 1, 2}, bad)));
  }
}

TEST_CASE("distillation: an empty batch gives 0") {
  CHECK(evaluate_pair({0, 3}, {}, {}, distil()).loss == 0);
  CHECK(evaluate_pair({0, 3}, {}, {}, logit_matching_loss).loss == 0);
}

TEST_CASE("distillation: what cannot be is refused by name") {
  const Tensor a(Shape{2, 3}), b(Shape{3, 2}), none(Shape{2, 0});
  for (const float bad : {0.0f, -1.0f, NAN, kInfinity}) {
    CHECK_THROWS_WITH_AS(distillation_loss(a, a, {.teacher_temperature = bad}), doctest::Contains("the teacher temperature"), Error);
    CHECK_THROWS_WITH_AS(distillation_loss(a, a, {.student_temperature = bad}), doctest::Contains("the student temperature"), Error);
  }
  CHECK_THROWS_WITH_AS(distillation_loss(a, b), doctest::Contains("student logits (2,3) and teacher logits (3,2) differ"), Error);
  CHECK_THROWS_WITH_AS(logit_matching_loss(a, b), doctest::Contains("logit_matching_loss: student logits (2,3)"), Error);
  CHECK_THROWS_WITH_AS(distillation_loss(none, none), doctest::Contains("have no classes"), Error);
}

}  // namespace
}  // namespace temper
