#include "optim/distributed/gradient_bucket.h"

#include <algorithm>

#include "core/engine/parallel.h"

namespace temper::optim {
namespace {

void add(float* to, const float* from, Index count) {
  parallel_for(count, kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) to[i] += from[i];
  });
}

std::span<std::byte> bytes(float* begin, Index count) { return std::as_writable_bytes(std::span(begin, static_cast<std::size_t>(count))); }

// The number of nodes after each shard of the range has joined.
std::vector<Index> depths(const Range& own) {
  std::vector<Index> depths;
  for (Index end = own.begin + 1; end <= own.end; ++end) depths.push_back(static_cast<Index>(tree_nodes({own.begin, end}).size()));
  return depths;
}

}  // namespace

Index GradientBucket::stack_size(const Range& own) {
  if (own.size() == 1) return 0;
  const std::vector<Index> all = depths(own);
  return *std::ranges::max_element(all);
}

GradientBucket::GradientBucket(Communicator& communicator, int number, Index shards, std::span<float> values, std::vector<float*> stack)
    : communicator_(communicator),
      values_(values),
      stack_(std::move(stack)),
      own_(cut_range(shards, communicator.rank(), communicator.size())),
      depth_(depths(own_)) {
  std::vector<TreeNode> nodes;
  const auto extent = static_cast<Index>(values.size());
  for (int rank = 0; rank < communicator.size(); ++rank) {
    pieces_.push_back(cut_range(extent, rank, communicator.size()));
    first_row_.push_back(static_cast<Index>(nodes.size()));
    const std::vector<TreeNode> theirs = tree_nodes(cut_range(shards, rank, communicator.size()));
    nodes.insert(nodes.end(), theirs.begin(), theirs.end());
  }
  first_row_.push_back(static_cast<Index>(nodes.size()));
  plan_ = join_all(nodes);
  if (communicator.size() > 1) make_exchanges(number);
}

// Messages of no bytes are left out by both sides.
void GradientBucket::make_exchanges(int number) {
  constexpr int kFirstTag = 16;
  const int self = communicator_.rank();
  const auto me = static_cast<std::size_t>(self);
  const Index rows = depth_.back(), piece = pieces_[me].size();
  if (rows > 1) packed_.resize(values_.size() * static_cast<std::size_t>(rows));
  received_.resize(static_cast<std::size_t>(first_row_.back() * piece));
  std::vector<Message> scattered, collected;
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    if (rank == self) continue;
    const auto r = static_cast<std::size_t>(rank);
    const Range& theirs = pieces_[r];
    float* const own = rows > 1 ? packed_.data() + theirs.begin * rows : row(0) + theirs.begin;
    if (theirs.size() > 0) scattered.push_back({rank, bytes(own, theirs.size() * rows)});
    const Index sent_rows = first_row_[r + 1] - first_row_[r];
    if (piece > 0) collected.push_back({rank, bytes(received_.data() + first_row_[r] * piece, sent_rows * piece)});
  }
  scatter_ = communicator_.exchange(kFirstTag + 2 * number, scattered, collected);
  gather_ = exchange_blocks(communicator_, kFirstTag + 2 * number + 1, [&](int rank) {
    const Range& piece_of_rank = pieces_[static_cast<std::size_t>(rank)];
    return bytes(values_.data() + piece_of_rank.begin, piece_of_rank.size());
  });
}

float* GradientBucket::row(Index place) { return stack_.empty() ? values_.data() : stack_[static_cast<std::size_t>(place)]; }

void GradientBucket::fold(Index own_shard) {
  if (stack_.empty()) return;  // the values are the only row
  const auto extent = static_cast<Index>(values_.size());
  const Index before = own_shard == 0 ? 0 : depth_[static_cast<std::size_t>(own_shard - 1)];
  const Index after = depth_[static_cast<std::size_t>(own_shard)];
  if (after > before) {
    std::ranges::copy(values_, row(before));
    return;
  }
  add(row(before - 1), values_.data(), extent);
  for (Index top = before - 1; top >= after; --top) add(row(top - 1), row(top), extent);
}

void GradientBucket::start() {
  if (communicator_.size() == 1) {
    add_own_rows();
    phase_ = Phase::done;
    return;
  }
  pack();
  phase_ = Phase::scattering;
  scatter_->start();
}

void GradientBucket::add_own_rows() {
  for (const TreeStep& step : plan_.steps) add(row(step.to), row(step.from), static_cast<Index>(values_.size()));
  if (!stack_.empty()) std::copy_n(row(0), values_.size(), values_.data());
}

// Own sums where the exchange takes them from, and those that stay here among those that will come.
void GradientBucket::pack() {
  const Index rows = depth_.back();
  for (int rank = 0; rank < communicator_.size(); ++rank) {
    const Range& piece = pieces_[static_cast<std::size_t>(rank)];
    const bool stays = rank == communicator_.rank();
    if (!stays && rows == 1) continue;
    float* to = stays ? received_.data() + first_row_[static_cast<std::size_t>(rank)] * piece.size() : packed_.data() + piece.begin * rows;
    for (Index i = 0; i < rows; ++i, to += piece.size()) std::copy_n(row(i) + piece.begin, piece.size(), to);
  }
}

void GradientBucket::add_piece() {
  const Range& piece = pieces_[static_cast<std::size_t>(communicator_.rank())];
  const Index extent = piece.size();
  for (const TreeStep& step : plan_.steps) add(received_.data() + step.to * extent, received_.data() + step.from * extent, extent);
  std::copy_n(received_.data(), extent, values_.data() + piece.begin);
}

bool GradientBucket::done() {
  if (phase_ == Phase::scattering && scatter_->done()) {
    add_piece();
    phase_ = Phase::gathering;
    gather_->start();
  }
  if (phase_ == Phase::gathering && gather_->done()) phase_ = Phase::done;
  return phase_ == Phase::done;
}

const Exchange& GradientBucket::awaited() const { return phase_ == Phase::scattering ? *scatter_ : *gather_; }

}  // namespace temper::optim
