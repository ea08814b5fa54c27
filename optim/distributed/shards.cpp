#include "optim/distributed/shards.h"

namespace temper::optim {

TreePlan join_halves(const std::vector<TreeNode>& nodes) {
  TreePlan plan;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    plan.nodes.push_back(nodes[i]);
    plan.places.push_back(static_cast<Index>(i));
    while (plan.nodes.size() >= 2) {
      const TreeNode right = plan.nodes.back(), left = plan.nodes[plan.nodes.size() - 2];
      const Index extent = Index{1} << left.level;
      if (left.level != right.level || left.begin % (2 * extent) != 0 || right.begin != left.begin + extent) break;
      plan.steps.push_back({.to = plan.places[plan.places.size() - 2], .from = plan.places.back()});
      plan.nodes.pop_back();
      plan.places.pop_back();
      ++plan.nodes.back().level;
    }
  }
  return plan;
}

TreePlan join_all(const std::vector<TreeNode>& nodes) {
  TreePlan plan = join_halves(nodes);
  while (plan.places.size() > 1) {
    plan.steps.push_back({.to = plan.places[plan.places.size() - 2], .from = plan.places.back()});
    plan.places.pop_back();
    plan.nodes.pop_back();
  }
  return plan;
}

std::vector<TreeNode> tree_nodes(const Range& shards) {
  std::vector<TreeNode> leaves;
  for (Index shard = shards.begin; shard < shards.end; ++shard) leaves.push_back({shard, 0});
  return join_halves(leaves).nodes;
}

}  // namespace temper::optim
