#include "core/engine/tape.h"

#include <algorithm>
#include <atomic>

#include "core/engine/denormals.h"
#include "core/engine/dry_run.h"

namespace temper {
namespace {

// Node and edge vectors up to this size are passed on to the thread's next tape.
constexpr std::size_t kSpareNodes = 1 << 14;

}  // namespace

Tape*& Tape::current() {
  thread_local Tape* tape = nullptr;
  return tape;
}

Tape::Hook*& Tape::hook() {
  thread_local Hook* hook = nullptr;
  return hook;
}

Tape::Storage& Tape::spare_storage() {
  thread_local Storage spare;
  return spare;
}

Tape::Tape() : outer_(current()), storage_(std::move(spare_storage())) {
  static std::atomic<std::uint32_t> tapes{0};
  id_ = ++tapes;
  current() = this;
}

Tape::~Tape() {
  clear();
  if (storage_.nodes.capacity() <= kSpareNodes) spare_storage() = std::move(storage_);
  current() = outer_;
}

Tape::Pause::Pause() : paused_(std::exchange(current(), nullptr)) {}
Tape::Pause::~Pause() { current() = paused_; }

Tape::Hook::Hook() : outer_(std::exchange(hook(), this)) {}
Tape::Hook::~Hook() { hook() = outer_; }

bool Tape::recording() { return current() != nullptr; }

bool Tape::tracks(const Tensor& tensor) const {
  return (tensor.parameter_ && tensor.parameter_->gradient) || (tensor.tape_ == id_ && tensor.slot_ >= 0);
}

void Tape::call(Hook::Pass pass, AnyOp& op, const OpCall& memory) {
  const FlushDenormals flush;
  Hook* const hook = Tape::hook();
  if (hook) hook->before(pass, op, memory);
  if (pass == Hook::Pass::forward) {
    op.forward(memory);
  } else {
    op.backward(memory);
  }
  if (hook) hook->after(pass, op, memory);
}

Tensor Tape::run(AnyOp& op, std::span<Tensor> inputs) {
  const OpTraits& traits = op.traits();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const bool absent = !inputs[i].data_ && inputs[i].shape_ == Shape();
    TEMPER_CHECK(!absent || (traits.inputs >= 0 && (traits.optional_inputs >> i & 1u)), op.name(), ": input ", i,
                 " is empty; was it moved from?");
  }
  const Shape shape = op.shape(inputs);
  Tape* const tape = current();
  bool tracked = false;
  for (std::size_t i = 0; tape && i < inputs.size(); ++i) tracked |= has_bit(traits, traits.gives_gradients, i) && tape->tracks(inputs[i]);

  Workspace scratch;
  const std::span views(scratch.take<ConstView>(static_cast<Index>(inputs.size())), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) views[i] = {inputs[i].data_, inputs[i].shape_};

  Tensor output;
  if (traits.output_over >= 0) {
    const Tensor& over = inputs[static_cast<std::size_t>(traits.output_over)];
    if (over.memory_.unique() && over.shape_ == shape) {
      output = over.detach();
    }
  }
  if (!output) output = Tensor(shape);

  constexpr int kMaxSaved = 4;
  std::array<Shape, kMaxSaved> saved_shapes;
  std::array<Tensor, kMaxSaved> saved;
  std::array<View, kMaxSaved> saved_views;
  const auto saved_count = static_cast<std::size_t>(traits.saved);
  op.saved_shapes(inputs, saved_shapes);
  for (std::size_t j = 0; j < saved_count; ++j) {
    if (!tracked && has_bit(traits, traits.saved_on_tape, j)) continue;
    saved[j] = Tensor(saved_shapes[j]);
    saved_views[j] = saved[j].view();
  }

  if (DryRun* const dry_run = DryRun::current()) {
    for (const Tensor& input : inputs) dry_run->count(input.parameter_, shape);
  } else {
    call(Hook::Pass::forward, op,
         {.inputs = views, .output = output.view(), .gradient = {}, .input_gradients = {}, .saved = {saved_views.data(), saved_count}});
  }
  return tracked ? tape->record(op, inputs, {saved.data(), saved_count}, std::move(output)) : output;
}

Tensor Tape::record(AnyOp& op, std::span<Tensor> inputs, std::span<Tensor> saved, Tensor output) {
  TEMPER_CHECK(!consumed_, op.name(), ": backward was already run on this tape; begin a new Tape for every step");
  const OpTraits& traits = op.traits();
  Buffer op_memory(op.bytes());
  Node& node = storage_.nodes.emplace_back();
  node.op = op.move_to(op_memory.data());
  node.first_edge = storage_.edges.size();
  node.inputs = inputs.size();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Tensor& input = inputs[i];
    Edge& edge = storage_.edges.emplace_back();
    edge.shape = input.shape_;
    if (has_bit(traits, traits.gives_gradients, i)) {
      edge.slot = input.tape_ == id_ ? input.slot_ : -1;
      edge.parameter = input.parameter_ && input.parameter_->gradient ? input.parameter_ : nullptr;
    }
    if (has_bit(traits, traits.keeps_inputs, i)) {
      edge.data = input.data_;
      edge.kept = std::move(input.memory_);
    }
  }
  for (Tensor& statistic : saved) {
    Edge& edge = storage_.edges.emplace_back();
    edge.shape = statistic.shape_;
    edge.data = statistic.data_;
    edge.kept = std::move(statistic.memory_);
  }
  node.op_memory = std::move(op_memory);
  node.output_shape = output.shape_;
  if (traits.keeps_output) {
    node.kept_output = output.memory_;
    node.output = output.data_;
  }
  output.tape_ = id_;
  output.slot_ = node.slot = static_cast<std::int32_t>(storage_.gradients.size());
  storage_.gradients.emplace_back();
  return output;
}

void Tape::backward(const Tensor& loss) {
  TEMPER_CHECK(!consumed_, "backward: it was already run on this tape, which is freed by it; begin a new Tape for every step");
  TEMPER_CHECK(loss.size() == 1 && loss, "backward: the loss has the shape ", loss.shape(), "; it must be one number, e.g. mean(losses)");
  TEMPER_CHECK(loss.tape_ == id_ && loss.slot_ >= 0,
               "backward: the loss was not recorded on this tape; compute it from parameters while the tape is alive and not paused");
  const Tape::Pause pause;
  consumed_ = true;
  Buffer& seed = storage_.gradients[static_cast<std::size_t>(loss.slot_)];
  seed = Buffer(sizeof(float));
  *static_cast<float*>(seed.data()) = 1;
  try {
    for (; !storage_.nodes.empty(); pop_node()) backward_through(storage_.nodes.back());
  } catch (...) {
    clear();
    throw;
  }
  clear();
}

void Tape::backward_through(Node& node) {
  Buffer gradient = std::move(storage_.gradients[static_cast<std::size_t>(node.slot)]);
  if (!gradient) return;  // nothing that the loss depends on came of this node
  const OpTraits& traits = node.op->traits();
  const std::span edges = std::span(storage_.edges).subspan(node.first_edge);
  const std::size_t saved_count = edges.size() - node.inputs;

  Workspace scratch;
  const std::span inputs(scratch.take<ConstView>(static_cast<Index>(node.inputs)), node.inputs);
  const std::span input_gradients(scratch.take<GradientView>(static_cast<Index>(node.inputs)), node.inputs);
  const std::span saved(scratch.take<View>(static_cast<Index>(saved_count)), saved_count);
  for (std::size_t j = 0; j < saved_count; ++j) {
    saved[j] = {static_cast<float*>(edges[node.inputs + j].kept.data()), edges[node.inputs + j].shape};
  }

  for (std::size_t i = 0; i < node.inputs; ++i) {
    Edge& edge = edges[i];
    inputs[i] = {edge.data, edge.shape};
    input_gradients[i] = {};
    input_gradients[i].shape = edge.shape;
    if (edge.parameter) {
      input_gradients[i].data = edge.parameter->gradient.data;
      input_gradients[i].add = !std::exchange(edge.parameter->gradient_is_stale, false);
    } else if (edge.slot >= 0) {
      Buffer& slot = storage_.gradients[static_cast<std::size_t>(edge.slot)];
      input_gradients[i].add = static_cast<bool>(slot);
      if (!slot && traits.gradient_over == static_cast<int>(i) && gradient.unique() && edge.shape.size() == node.output_shape.size())
        slot = gradient;
      if (!slot) slot = Buffer(static_cast<std::size_t>(edge.shape.size()) * sizeof(float));
      input_gradients[i].data = static_cast<float*>(slot.data());
    }
  }

  if (DryRun::current()) return;
  call(Hook::Pass::backward, *node.op,
       {.inputs = inputs,
        .output = {node.output, node.output_shape},
        .gradient = {static_cast<const float*>(gradient.data()), node.output_shape},
        .input_gradients = input_gradients,
        .saved = saved});
}

void Tape::pop_node() {
  Node& node = storage_.nodes.back();
  node.op->~AnyOp();
  storage_.edges.resize(node.first_edge);
  storage_.nodes.pop_back();
}

void Tape::clear() {
  while (!storage_.nodes.empty()) pop_node();
  storage_.gradients.clear();
}

}  // namespace temper
