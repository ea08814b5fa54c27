#include "core/engine/weights.h"

#include <algorithm>
#include <cmath>

#include "core/engine/inference_scope.h"

namespace temper {
namespace {

Shape file_shape(const Parameter& parameter) {
  const Shape& s = parameter.shape;
  switch (parameter.file_layout) {
    case Parameter::FileLayout::kernel:
      return {s[0], s[3], s[1], s[2]};
    case Parameter::FileLayout::flattened_image:
      return {s[0], s[1] * s[2] * s[3]};
    case Parameter::FileLayout::same:
      break;
  }
  return s;
}

// Calls copy(memory index, file index) for every value: within each of the K blocks, (pixels, channels) here is (channels, pixels) in the
// file.
template <class Copy> void for_each_pair(const Parameter& parameter, Copy copy) {
  const Shape& s = parameter.shape;
  const bool same = parameter.file_layout == Parameter::FileLayout::same;
  const Index blocks = same ? 1 : s[0], pixels = same ? s.size() : s[1] * s[2], channels = same ? 1 : s[3];
  for (Index k = 0; k < blocks; ++k) {
    for (Index p = 0; p < pixels; ++p) {
      for (Index c = 0; c < channels; ++c) copy((k * pixels + p) * channels + c, (k * channels + c) * pixels + p);
    }
  }
}

bool ends_with_counter(const std::string& name) { return name.ends_with("num_batches_tracked"); }

void check_fits(const ParameterStore& store, const TensorFile& file, const std::string& path) {
  for (const Parameter& parameter : store.parameters()) {
    const auto found = file.tensors.find(parameter.name);
    TEMPER_CHECK(found != file.tensors.end(), path, ": the parameter ", parameter.name,
                 " is missing; these weights belong to another network");
    TEMPER_CHECK(found->second.shape == file_shape(parameter), path, ": ", parameter.name, " has the shape ", found->second.shape,
                 ", the network needs ", file_shape(parameter), "; these weights belong to another network");
    const std::vector<float>& values = found->second.values;
    TEMPER_CHECK(std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }), path, ": ", parameter.name,
                 " holds a NaN or infinity; use weights from before training diverged");
  }
  for (const auto& [name, entry] : file.tensors) {
    const bool known = std::any_of(store.parameters().begin(), store.parameters().end(),
                                   [&, &known_name = name](const Parameter& p) { return p.name == known_name; });
    TEMPER_CHECK(known || ends_with_counter(name), path, ": the network has no parameter ", name,
                 "; these weights belong to another network");
  }
}

}  // namespace

TensorFile to_file(const ParameterStore& store) {
  TensorFile file;
  for (const Parameter& parameter : store.parameters()) {
    TensorFile::Entry& entry = file.tensors[parameter.name];
    entry.shape = file_shape(parameter);
    entry.values.resize(static_cast<std::size_t>(parameter.shape.size()));
    for_each_pair(parameter, [&](Index here, Index there) { entry.values[static_cast<std::size_t>(there)] = parameter.value[here]; });
  }
  return file;
}

void save_weights(const ParameterStore& store, const std::string& path) { write_safetensors(path, to_file(store)); }

void load_weights(ParameterStore& store, const std::string& path) { set_weights(store, read_safetensors(path), path); }

void set_weights(ParameterStore& store, const TensorFile& file, const std::string& source) {
  check_fits(store, file, source);
  InferenceScope::invalidate(store);
  for (Parameter& parameter : store.parameters()) {
    const std::vector<float>& values = file.tensors.at(parameter.name).values;
    for_each_pair(parameter, [&](Index here, Index there) { parameter.value[here] = values[static_cast<std::size_t>(there)]; });
  }
}

}  // namespace temper
