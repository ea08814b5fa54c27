// The vocabulary in which operations are written. An op is a struct:
//
//   struct Relu {
//     static constexpr auto name = "relu";
//     Shape shape(const Shape& x) const { return x; }                           // the output's shape; throws for inputs that do not fit
//     void forward(In<0> x, OutOver<0> y) const;                                // writes all of y
//     void backward(Out y, Grad dy, IntoOver<0> dx) const;                      // writes, or adds to, each requested gradient
//   };
//
// The parameter types are read at compile time and determine memory: what backward takes as In, Out or Saved is kept until then, everything
// else is freed after forward; OutOver<I> lets the output reuse the memory of input I when no other tensor shares it. Ops never allocate:
// the tape passes them their memory.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/engine/tensor.h"

namespace temper {

template <int I> struct In : ConstView {};      // input I
template <int I> struct OptionalIn : In<I> {};  // the same; null: absent. An empty tensor for any other input is an error
struct Ins {                                    // all inputs, for an op of any number of them
  std::span<const ConstView> views;
  const ConstView& operator[](Index i) const { return views[static_cast<std::size_t>(i)]; }
  Index count() const { return static_cast<Index>(views.size()); }
};
struct Out : View {};                       // the output
template <int I> struct OutOver : View {};  // the output, which may lie in the memory of input I
template <int J>
struct Saved : View {};  // statistics that forward saves for backward; shaped by the op's saved(input shapes...) -> std::array<Shape, n>
template <int J> struct SavedOnTape : Saved<J> {};  // the same; null in a forward pass that is not recorded
struct Grad : ConstView {};                         // d loss / d output

struct GradientView : View {  // d loss / d input; null: not requested. Where two of one op share memory, the first assigns and the second
                              // adds: write in order.
  bool add = false;           // add to the memory instead of overwriting it
  void store(Index i, float gradient) const { data[i] = add ? data[i] + gradient : gradient; }
};
template <int I> struct Into : GradientView {};
template <int I> struct IntoOver : GradientView {};  // may lie in the memory of Grad
struct Intos {                                       // of all inputs
  std::span<const GradientView> views;
  const GradientView& operator[](Index i) const { return views[static_cast<std::size_t>(i)]; }
};

// What the tape needs to know about an op, read from its signatures.
struct OpTraits {
  int inputs = 0;                     // -1: any number
  int output_over = -1;               // the input whose memory the output may take
  int gradient_over = -1;             // the input whose gradient may take the memory of Grad
  int saved = 0;                      // number of Saved
  std::uint32_t saved_on_tape = 0;    // bit J: Saved J is a SavedOnTape
  std::uint32_t optional_inputs = 0;  // bit I: forward takes input I as an OptionalIn
  std::uint32_t keeps_inputs = 0;     // bit I: backward reads input I; all bits for an op of any number of inputs that reads Ins
  std::uint32_t gives_gradients = 0;  // bit I: backward writes the gradient of input I; all bits for Intos
  bool keeps_output = false;
};

// The memory of one call, provided by the tape.
struct OpCall {
  std::span<const ConstView> inputs;
  View output;
  ConstView gradient;
  std::span<const GradientView> input_gradients;
  std::span<const View> saved;
};

// A type-erased op, as the tape stores it.
class AnyOp {
 public:
  virtual ~AnyOp() = default;
  virtual std::string_view name() const = 0;
  virtual const OpTraits& traits() const = 0;
  virtual Shape shape(std::span<const Tensor> inputs) const = 0;
  virtual void saved_shapes(std::span<const Tensor> inputs, std::span<Shape> shapes) const = 0;
  virtual void forward(const OpCall& call) = 0;
  virtual void backward(const OpCall& call) = 0;
  virtual std::size_t bytes() const = 0;
  virtual AnyOp* move_to(void* memory) = 0;
};

}  // namespace temper
