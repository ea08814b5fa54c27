#include "optim/checkpoint.h"

#include <algorithm>
#include <cmath>

#include "core/engine/inference_scope.h"

namespace temper::optim {
namespace {

// Calls visit(name of the tensor, parameter, its part of the arena).
template <class Visit> void for_each_part(const ParameterStore& store, std::span<const StateArena> arenas, Visit visit) {
  for (const StateArena& arena : arenas) {
    for (const Parameter& parameter : store.parameters()) {
      const auto begin = static_cast<std::size_t>(parameter.value.data - store.all_values().data());
      const auto size = static_cast<std::size_t>(parameter.shape.size());
      if (begin + size > arena.values.size()) continue;  // state, in an arena of the learned
      visit(str_cat(arena.name, "/", parameter.name), parameter, arena.values.subspan(begin, size));
    }
  }
}

}  // namespace

std::vector<std::string> not_finite(const ParameterStore& store, std::span<const StateArena> arenas) {
  std::vector<std::string> names;
  for_each_part(store, arenas, [&](const std::string& name, const Parameter&, std::span<const float> values) {
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) names.push_back(name);
  });
  return names;
}

void write_arenas(const ParameterStore& store, std::span<const StateArena> arenas, TensorFile& file) {
  for_each_part(store, arenas, [&](const std::string& name, const Parameter& parameter, std::span<const float> values) {
    file.tensors[name] = {.shape = parameter.shape, .values = {values.begin(), values.end()}};
  });
}

void read_arenas(const ParameterStore& store, std::span<const StateArena> arenas, const TensorFile& file, const std::string& source) {
  std::size_t wanted = 0;
  for_each_part(store, arenas, [&](const std::string& name, const Parameter& parameter, std::span<const float>) {
    const auto found = file.tensors.find(name);
    TEMPER_CHECK(found != file.tensors.end(), source, ": ", name, " is missing; it is a checkpoint of another training");
    TEMPER_CHECK(found->second.shape == parameter.shape, source, ": ", name, " has the shape ", found->second.shape, " instead of ",
                 parameter.shape, "; it is a checkpoint of another training");
    ++wanted;
  });
  TEMPER_CHECK(wanted == file.tensors.size(), source, ": it holds ", file.tensors.size(), " tensors, ", wanted,
               " are wanted; it is a checkpoint of another training");
  InferenceScope::invalidate(store);
  for_each_part(store, arenas, [&](const std::string& name, const Parameter&, std::span<float> values) {
    std::ranges::copy(file.tensors.at(name).values, values.begin());
  });
}

}  // namespace temper::optim
