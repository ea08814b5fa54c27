// The tape. While one lives in a thread, that thread is training: operations on parameters, and on tensors computed from them, are
// recorded; dropout is active and batch normalisation updates its statistics. Without a tape the thread is evaluating.
//
//   Tape tape;
//   Tensor loss = softmax_cross_entropy(net(images), labels);
//   tape.backward(loss);                                     // the gradients lie in the ParameterStore
//
// The tape is a vector of nodes, and backward is a loop over it in reverse that frees memory on the way: no cycle can form, and no
// destructor recurses.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/engine/boxed_op.h"
#include "core/engine/parameters.h"
#include "core/engine/tensor.h"

namespace temper {

class Tape {
 public:
  Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // While one lives, the thread evaluates: for a teacher or a metric inside a training step.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Tape* paused_;
  };

  // Observes every op that this thread runs while it lives, in evaluation as well: derive from it to time ops or to inspect their results.
  // Of several that live in a thread, only the newest is called. Without one, an op pays for a single test. Memory that is written in place
  // holds the inputs (forward) or the gradient (backward) before the op and the result after it.
  //   forward    call.inputs, call.output
  //   backward   call.gradient, call.input_gradients (null: not requested); inputs and output are null where backward does not read them
  // A parameter is known by its address: an input's data is Parameter::value.data, an input gradient's is Parameter::gradient.data.
  class Hook {
   public:
    enum class Pass { forward, backward };
    Hook();
    virtual ~Hook();
    Hook(const Hook&) = delete;
    Hook& operator=(const Hook&) = delete;

    virtual void before(Pass, const AnyOp&, const OpCall&) {}
    virtual void after(Pass, const AnyOp&, const OpCall&) {}  // not called for an op that throws; may throw

   private:
    Hook* outer_;
  };

  // Returns true iff a tape records in this thread, that is, iff it is training.
  static bool recording();

  // Runs an op; used by the functions that wrap ops, such as relu(x).
  template <Op F, class... X> static Tensor apply(F op, X... inputs) {
    static_assert(BoxedOp<F>::kTraits.inputs == sizeof...(X), "as many tensors as the op's forward has inputs");
    std::array<Tensor, sizeof...(X)> list{std::move(inputs)...};
    BoxedOp<F> boxed(std::move(op));
    return run(boxed, list);
  }
  // The same for an op of any number of inputs.
  template <Op F> static Tensor apply_to_list(F op, std::span<Tensor> inputs) {
    static_assert(BoxedOp<F>::kTraits.inputs < 0, "the op's forward takes Ins");
    BoxedOp<F> boxed(std::move(op));
    return run(boxed, inputs);
  }

  // Writes d loss / d parameter into the gradient of every parameter that the loss depends on. At most once per tape. Requires a loss of
  // one element that was recorded here.
  void backward(const Tensor& loss);

  // Operations recorded and not yet freed: 0 after backward.
  std::size_t size() const { return storage_.nodes.size(); }

 private:
  // One for each input of a node, then one for each of its saved statistics.
  struct Edge {
    Buffer kept;                  // holds the values for backward
    const float* data = nullptr;  // null: backward does not read them
    Shape shape;
    std::int32_t slot = -1;  // of the input's gradient; -1: not on this tape
    Parameter* parameter = nullptr;
  };
  struct Node {
    Buffer op_memory;
    AnyOp* op = nullptr;
    std::size_t first_edge = 0;
    std::size_t inputs = 0;
    Buffer kept_output;
    float* output = nullptr;
    Shape output_shape;
    std::int32_t slot = -1;
  };
  struct Storage {  // handed from tape to tape, so that the tapes of a loop allocate nothing
    std::vector<Node> nodes;
    std::vector<Edge> edges;
    std::vector<Buffer> gradients;  // by slot
  };

  static Tensor run(AnyOp& op, std::span<Tensor> inputs);
  static void call(Hook::Pass pass, AnyOp& op, const OpCall& memory);
  bool tracks(const Tensor& tensor) const;
  static bool has_bit(const OpTraits& traits, std::uint32_t bits, std::size_t input) {
    return traits.inputs < 0 ? bits != 0 : bits >> input & 1u;
  }
  Tensor record(AnyOp& op, std::span<Tensor> inputs, std::span<Tensor> saved, Tensor output);
  void backward_through(Node& node);
  void pop_node();
  void clear();

  static Tape*& current();
  static Hook*& hook();
  static Storage& spare_storage();

  Tape* outer_;
  std::uint32_t id_;
  bool consumed_ = false;
  Storage storage_;
};

}  // namespace temper
