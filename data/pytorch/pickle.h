// Reads Python pickles, as far as PyTorch's weight files need them, as data and never as a program. A pickle requests function calls; none
// is ever made. Calls of the functions that assemble tensors are understood; the result of any other is an `opaque` value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/shape.h"

namespace temper::data {

// Values are stored in one list and refer to each other by index, so that nested values need no recursion.
class Pickle {
 public:
  using Id = std::size_t;
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,  // also bytes
    list,  // also tuples
    dictionary,
    global,      // text: "torch.FloatStorage"
    persistent,  // items: the reference to something outside the pickle
    call,        // items: the global that was to be called, and the tuple of its arguments
    opaque
  };
  struct Value {
    Kind kind = Kind::none;
    std::int64_t integer = 0;  // of an integer or boolean
    double real = 0;
    std::string text;
    std::vector<Id> items;  // of a dictionary: key, value, key, value, ...
  };

  // Reads protocols 0 to 5, whose opcodes for text alone are not known. Throws Error, naming `name` and the byte, for bytes that are no
  // whole pickle.
  Pickle(std::string_view bytes, const std::string& name);

  Id root() const { return root_; }
  std::size_t size() const { return values_.size(); }  // values are 0..size-1
  const Value& operator[](Id id) const { return values_[id]; }

 private:
  friend class PickleReader;
  std::vector<Value> values_;
  Id root_ = 0;
};

}  // namespace temper::data
