#include "core/engine/tensor.h"

#include "core/engine/parameters.h"

namespace temper {

Tensor::Tensor(const Shape& shape)
    : memory_(static_cast<std::size_t>(shape.size()) * sizeof(float)), data_(static_cast<float*>(memory_.data())), shape_(shape) {}

Tensor::Tensor(const Shape& shape, std::span<const float> values) : Tensor(shape) {
  TEMPER_CHECK(static_cast<Index>(values.size()) == size(), "tensor: ", values.size(), " values for the shape ", shape, " of ", size());
  std::copy(values.begin(), values.end(), data_);
}

Tensor::Tensor(Parameter& parameter) : data_(parameter.value.data), shape_(parameter.value.shape), parameter_(&parameter) {
  TEMPER_CHECK(data_, "parameter ", parameter.name, ": it has no values yet; call ParameterStore::commit first");
}

float Tensor::item() const {
  TEMPER_CHECK(data_ && size() == 1, "item: a tensor of shape ", shape_, " is not a single value");
  return *data_;
}

Tensor Tensor::reshape(const Shape& shape) const {
  TEMPER_CHECK(shape.size() == size(), "reshape: ", shape_, " has ", size(), " values, ", shape, " has ", shape.size());
  Tensor result = *this;
  result.shape_ = shape;
  return result;
}

Tensor Tensor::flatten() const {
  TEMPER_CHECK(shape_.rank() >= 1, "flatten: a scalar has no batch axis");
  Index rest = 1;
  for (int axis = 1; axis < shape_.rank(); ++axis) rest *= shape_[axis];
  return reshape({shape_[0], rest});
}

Tensor Tensor::detach() const {
  Tensor result = *this;
  result.parameter_ = nullptr;
  result.tape_ = 0;
  result.slot_ = -1;
  return result;
}

}  // namespace temper
