#include "tests/check_op.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/kernels/simd_targets.h"
#include "tests/restored.h"

namespace temper {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

using reference::Array;

// loss = sum_i weights[i] y[i], so that d loss / d y = weights.
struct Dot {
  static constexpr auto name = "test dot";
  std::span<const float> weights;

  Shape shape(const Shape&) const { return {}; }
  void forward(In<0> y, Out loss) const {
    double sum = 0;
    for (Index i = 0; i < y.size(); ++i) sum += weights[static_cast<std::size_t>(i)] * static_cast<double>(y[i]);
    loss[0] = static_cast<float>(sum);
  }
  void backward(Grad gradient, Into<0> dy) const {
    for (Index i = 0; i < dy.size(); ++i) dy.store(i, gradient[0] * weights[static_cast<std::size_t>(i)]);
  }
};

// y = x: makes an intermediate tensor of a parameter, so that the paths for intermediate tensors are taken.
struct Identity {
  static constexpr auto name = "test identity";
  Shape shape(const Shape& x) const { return x; }
  void forward(In<0> x, Out y) const { std::copy_n(x.data, x.size(), y.data); }
  void backward(Grad dy, Into<0> dx) const {
    for (Index i = 0; i < dy.size(); ++i) dx.store(i, dy[i]);
  }
};

struct Sum {
  static constexpr auto name = "test sum";
  Shape shape(const Shape&, const Shape&) const { return {}; }
  void forward(In<0> a, In<1> b, Out y) const { y[0] = a[0] + b[0]; }
  void backward(Grad dy, Into<0> da, Into<1> db) const {
    da.store(0, dy[0]);
    db.store(0, dy[0]);
  }
};

// Distinct values, evenly spread and shuffled.
Initializer spread(double low, double high) {
  return [=](const View& value, const Random& random) {
    const Index n = value.size();
    std::vector<Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Index{0});
    for (Index i = n - 1; i > 0; --i) {
      std::swap(order[static_cast<std::size_t>(i)], order[random.below(static_cast<std::uint64_t>(i), static_cast<std::uint32_t>(i + 1))]);
    }
    for (Index i = 0; i < n; ++i) {
      value[i] =
          static_cast<float>(low + (high - low) * (static_cast<double>(order[static_cast<std::size_t>(i)]) + 0.3) / static_cast<double>(n));
    }
  };
}

struct Fixture {
  const OpCheck& check;
  ParameterStore store;
  std::vector<Parameter*> inputs;
  std::vector<float> weights;

  explicit Fixture(const OpCheck& c) : check(c) {
    for (std::size_t i = 0; i < c.inputs.size(); ++i) {
      const bool differentiable = c.differentiable.empty() || c.differentiable[i];
      inputs.push_back(&store.root().declare({.name = str_cat("input", i),
                                              .shape = c.inputs[i],
                                              .initialize = spread(c.low, c.high),
                                              .kind = differentiable ? Parameter::Kind::weight : Parameter::Kind::buffer}));
    }
    store.commit({.seed = 7});
  }

  enum class Path { parameters, intermediates, moved_intermediates };

  std::vector<Tensor> tensors(Path path) const {
    std::vector<Tensor> list;
    for (Parameter* input : inputs) list.push_back(path == Path::parameters ? Tensor(*input) : Tape::apply(Identity{}, Tensor(*input)));
    return list;
  }

  Tensor forward(Path path) const {
    std::vector<Tensor> list = tensors(path);
    std::vector<Tensor> argument = list;
    if (path == Path::moved_intermediates) list.clear();
    return check.op(argument);
  }

  std::vector<float> gradients() const { return {store.gradients().begin(), store.gradients().end()}; }
  void poison_gradients() {
    std::fill(store.gradients().begin(), store.gradients().end(), std::numeric_limits<float>::quiet_NaN());
    store.mark_gradients_stale();
  }

  std::vector<float> gradients_of(Path path) {
    poison_gradients();
    Tape tape;
    tape.backward(Tape::apply(Dot{weights}, forward(path)));
    return gradients();
  }

  std::vector<Array> reference_inputs() const {
    std::vector<Array> arrays;
    for (const Parameter* input : inputs) {
      arrays.emplace_back(input->shape);
      std::copy_n(input->value.data, input->value.size(), arrays.back().values.begin());
    }
    return arrays;
  }

  double reference_loss(std::span<const Array> arrays) const {
    const Array y = check.reference(arrays);
    double loss = 0;
    for (Index i = 0; i < y.size(); ++i) loss += weights[static_cast<std::size_t>(i)] * y[i];
    return loss;
  }
};

double scale_of(std::span<const double> values) {
  double scale = 1e-3;
  for (const double value : values) scale = std::max(scale, std::fabs(value));
  return scale;
}

void check_close(std::span<const float> actual, std::span<const double> expected, double tolerance, const std::string& what) {
  REQUIRE(actual.size() >= expected.size());
  const double scale = scale_of(expected);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(actual[i] - expected[i]) / scale;
    if (!(error <= tolerance)) {
      FAIL_CHECK(what, "[", i, "] is ", actual[i], ", should be ", expected[i], "; error ", error, " of the scale ", scale);
      return;
    }
  }
}

std::vector<double> numeric_gradient(const Fixture& fixture, std::size_t input) {
  constexpr double kStep = 1e-5;
  std::vector<Array> arrays = fixture.reference_inputs();
  std::vector<double> gradient;
  for (double& value : arrays[input].values) {
    const double middle = value;
    value = middle + kStep;
    const double above = fixture.reference_loss(arrays);
    value = middle - kStep;
    const double below = fixture.reference_loss(arrays);
    value = middle;
    gradient.push_back((above - below) / (2 * kStep));
  }
  return gradient;
}

// A gradient arena holds NaN between the parameters; only the parameters are compared.
std::span<const float> part(const Fixture& fixture, std::span<const float> gradients, const Parameter& input) {
  return gradients.subspan(static_cast<std::size_t>(input.gradient.data - fixture.store.gradients().data()),
                           static_cast<std::size_t>(input.gradient.size()));
}

bool same_bits(const Fixture& fixture, std::span<const float> a, std::span<const float> b) {
  return std::all_of(fixture.inputs.begin(), fixture.inputs.end(), [&](const Parameter* input) {
    if (!input->gradient) return true;
    const auto left = part(fixture, a, *input), right = part(fixture, b, *input);
    return std::equal(left.begin(), left.end(), right.begin());
  });
}

// Cuts the loops of every op that runs while it lives, and takes down into how many chunks.
class Cutting final : public Tape::Hook {
 public:
  using Pass = Tape::Hook::Pass;
  using Cuts = std::map<std::pair<std::string, Pass>, ForcedGrain::Counts>;

  // The best of each op and pass in this process.
  static Cuts& cuts() {
    static Cuts all;
    return all;
  }

  explicit Cutting(Index grain) : grain_(grain) {}

  void before(Pass, const AnyOp&, const OpCall&) override { forced_.emplace(grain_); }
  void after(Pass pass, const AnyOp& op, const OpCall&) override {
    const ForcedGrain::Counts now = forced_->counts();
    forced_.reset();
    ForcedGrain::Counts& best = cuts()[{std::string(op.name()), pass}];
    best.loops += now.loops;
    best.cut += now.cut;
    best.most_ragged = std::max(best.most_ragged, now.most_ragged);
  }

 private:
  Index grain_;
  std::optional<ForcedGrain> forced_;
};

// What the op should compute, in double.
struct Expected {
  Array output;
  std::vector<std::vector<double>> gradients;  // of each input; empty without one
};

// What it computes under one way of cutting loops and one instruction set, against the reference and against itself on other paths.
void prove(Fixture& fixture, const Expected& expected) {
  using Path = Fixture::Path;
  const OpCheck& check = fixture.check;
  const Tensor evaluated = fixture.forward(Path::parameters);
  REQUIRE(evaluated.shape() == expected.output.shape);
  check_close(evaluated.values(), expected.output.values, check.tolerance, "output");
  const Tensor in_place = fixture.forward(Path::moved_intermediates);
  CHECK_MESSAGE(std::equal(evaluated.values().begin(), evaluated.values().end(), in_place.values().begin()),
                "in place is not the same as not in place");

  const std::vector<float> gradients = fixture.gradients_of(Path::parameters);
  for (std::size_t i = 0; i < fixture.inputs.size(); ++i) {
    if (!fixture.inputs[i]->gradient) continue;
    check_close(part(fixture, gradients, *fixture.inputs[i]), expected.gradients[i], check.tolerance,
                str_cat("gradient of input ", i, " "));
  }
  CHECK_MESSAGE(same_bits(fixture, gradients, fixture.gradients_of(Path::intermediates)), "gradients differ for intermediate tensors");
  CHECK_MESSAGE(same_bits(fixture, gradients, fixture.gradients_of(Path::moved_intermediates)), "gradients differ in place");

  // Added to what is there, for parameters (two backward passes) and for intermediate tensors (used twice).
  std::vector<double> doubled(gradients.size());
  std::transform(gradients.begin(), gradients.end(), doubled.begin(), [](float g) { return 2.0 * g; });
  const auto check_doubled = [&](const std::string& what) {
    const std::vector<float> actual = fixture.gradients();
    for (const Parameter* input : fixture.inputs) {
      if (!input->gradient) continue;
      const auto offset = static_cast<std::size_t>(input->gradient.data - fixture.store.gradients().data());
      check_close(part(fixture, actual, *input), std::span(doubled).subspan(offset, static_cast<std::size_t>(input->gradient.size())),
                  check.tolerance, what);
    }
  };
  fixture.gradients_of(Path::parameters);
  {
    Tape tape;
    tape.backward(Tape::apply(Dot{fixture.weights}, fixture.forward(Path::parameters)));
  }
  check_doubled("gradient after two backward passes ");
  fixture.poison_gradients();
  {
    Tape tape;
    const std::vector<Tensor> shared = fixture.tensors(Path::intermediates);
    std::vector<Tensor> first = shared, second = shared;
    Tensor a = Tape::apply(Dot{fixture.weights}, check.op(first)), b = Tape::apply(Dot{fixture.weights}, check.op(second));
    tape.backward(Tape::apply(Sum{}, std::move(a), std::move(b)));
  }
  check_doubled("gradient of tensors used twice ");

  const ThreadsRestored restored;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const Tensor output = fixture.forward(Path::parameters);
    CHECK_MESSAGE(std::equal(output.values().begin(), output.values().end(), evaluated.values().begin()), "output differs on ", count,
                  " threads");
    CHECK_MESSAGE(same_bits(fixture, gradients, fixture.gradients_of(Path::parameters)), "gradients differ on ", count, " threads");
  }
}

}  // namespace

void check_op(const OpCheck& check) {
  const PoisonedPool poisoned;
  Fixture fixture(check);
  Expected expected{check.reference(fixture.reference_inputs()), {}};
  const Random random(3, {11});
  for (Index i = 0; i < expected.output.size(); ++i)
    fixture.weights.push_back(static_cast<float>(2 * random.uniform(static_cast<std::uint64_t>(i)) - 1));
  for (std::size_t i = 0; i < fixture.inputs.size(); ++i)
    expected.gradients.push_back(fixture.inputs[i]->gradient ? numeric_gradient(fixture, i) : std::vector<double>());

  // All grains on one instruction set; on the others, and where a sanitizer watches every access, one that leaves a shorter last chunk.
  bool first = !kSanitized;
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced_target(target);
    prove(fixture, expected);
    const std::vector<Index> grains = std::exchange(first, false) ? std::vector<Index>{1, 3, 7, 37} : std::vector<Index>{7};
    for (const Index grain : grains) {
      CAPTURE(grain);
      const Cutting cutting(grain);
      prove(fixture, expected);
    }
  }
}

std::string ops_not_cut() {
  constexpr Index kChunks = 5;
  std::string text;
  if (kSanitized) return text;
  for (const auto& [call, counts] : Cutting::cuts()) {
    if (counts.loops == 0 || counts.most_ragged >= kChunks) continue;
    text += str_cat("check_op: no loop of the ", call.second == Cutting::Pass::forward ? "forward" : "backward", " of ", call.first,
                    " was cut into ", kChunks, " chunks with a shorter last one, but into ", counts.most_ragged,
                    "; check a larger shape as well\n");
  }
  return text;
}

}  // namespace temper
