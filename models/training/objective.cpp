#include "models/training/objective.h"

namespace temper::training {

Sharding sharding(const Recipe& recipe, const optim::Communicator& ranks) {
  const Index shards = recipe.shards > 0 ? recipe.shards : ranks.size();
  return {shards, part_of(shards, ranks.rank(), ranks.size())};
}

}  // namespace temper::training
