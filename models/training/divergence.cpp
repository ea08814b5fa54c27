#include "models/training/divergence.h"

#include <algorithm>

#include "core/engine/tape.h"

namespace temper::training {
namespace {

bool is_finite(const ConstView& view) {
  return std::all_of(view.data, view.data + view.size(), [](float value) { return std::isfinite(value); });
}

// Looks at every op until one is found. The weights of an op are known by their address.
class FirstNotFinite final : public Tape::Hook {
 public:
  explicit FirstNotFinite(const ParameterStore& store) : store_(store) {}

  const std::string& found() const { return found_; }

  void after(Pass pass, const AnyOp& op, const OpCall& call) override {
    if (pass != Pass::forward || !found_.empty()) return;
    const Parameter* own = nullptr;
    for (const ConstView& input : call.inputs) {
      const Parameter* parameter = parameter_at(input.data);
      if (!parameter) continue;
      if (!own) own = parameter;
      if (!is_finite(input)) found_ = parameter->name + " is not finite";
    }
    if (own) last_ = own;
    if (!found_.empty() || is_finite({call.output.data, call.output.shape})) return;
    found_ = std::string(op.name());
    if (last_) found_ += (own ? " with " : " after ") + last_->name;
    found_ += " is the first layer with a result that is not finite";
  }

 private:
  const Parameter* parameter_at(const float* data) const {
    for (const Parameter& parameter : store_.parameters()) {
      if (data && parameter.value.data == data) return &parameter;
    }
    return nullptr;
  }

  const ParameterStore& store_;
  const Parameter* last_ = nullptr;
  std::string found_;
};

}  // namespace

std::string first_not_finite(const ParameterStore& store, const std::function<void()>& forward) {
  FirstNotFinite watch(store);
  forward();
  return watch.found();
}

}  // namespace temper::training
