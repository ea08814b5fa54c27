#include "models/networks/cost.h"

#include <vector>

#include "core/engine/dry_run.h"
#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/random_scope.h"
#include "models/networks/registry.h"
#include "optim/sgd.h"

namespace temper::models {
namespace {

// A training step of `batch` images; returns the multiply-adds of its forward pass.
Index rehearse(const DryRun& dry_run, Network& network, const NetworkSpec& spec, Index batch) {
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(batch), 0);
  const Tensor images(Shape{batch, spec.image[0], spec.image[1], spec.image[2]});
  Tape tape;
  const layers::RandomScope random_scope(Random(0, {}));
  const Tensor loss = softmax_cross_entropy(network(images), labels);
  const Index multiply_adds = dry_run.multiply_adds();
  tape.backward(loss);
  return multiply_adds;
}

}  // namespace

Cost cost(const std::string& network_name, const NetworkSpec& spec, Index batch) {
  TEMPER_CHECK(batch >= 2, "--batch: ", batch, " images are no training step; give at least 2");
  MemoryPool& pool = MemoryPool::shared();
  pool.forget_peak();
  const std::size_t before = pool.stats().bytes_in_use;
  Cost result;
  {
    const DryRun dry_run;
    ParameterStore store;
    const auto network = make_network(network_name, store.root(), spec);
    store.commit({});
    const optim::Sgd sgd(store, {.momentum = 0.9});
    result.parameters = store.learned_size();
    result.multiply_adds = rehearse(dry_run, *network, spec, batch) / batch;
    result.step_bytes = pool.stats().peak_bytes_in_use - before;
  }
  pool.trim();
  return result;
}

}  // namespace temper::models
