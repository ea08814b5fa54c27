#include "models/calibration/folds.h"

#include <algorithm>
#include <tuple>

#include "core/base/check.h"
#include "core/base/random.h"

namespace temper::calibration {

Folds::Folds(const RowSubset& data, Index count, std::uint64_t seed) {
  TEMPER_CHECK(data.size() >= 2, "folds: ", data.size(), " samples; to hold some out, give at least 2");
  TEMPER_CHECK(count >= 2, "folds: ", count, " is not allowed; give at least 2");
  const Random random(seed, {0x666f6c64});
  struct Card {
    std::size_t label;
    std::uint64_t draw;
    Index row;
  };
  std::vector<Card> cards;
  for (Index i = 0; i < data.size(); ++i)
    cards.push_back({data.label(i), random.bits(static_cast<std::uint64_t>(data.index(i))), data.index(i)});
  std::sort(cards.begin(), cards.end(),
            [](const Card& a, const Card& b) { return std::tie(a.label, a.draw, a.row) < std::tie(b.label, b.draw, b.row); });
  held_out_.resize(static_cast<std::size_t>(std::min(count, data.size())));
  for (std::size_t i = 0; i < cards.size(); ++i) held_out_[i % held_out_.size()].push_back(cards[i].row);
  for (std::vector<Index>& rows : held_out_) std::sort(rows.begin(), rows.end());
}

std::vector<Index> Folds::training_rows(Index fold) const {
  std::vector<Index> rows;
  for (Index other = 0; other < count(); ++other)
    if (other != fold) rows.insert(rows.end(), held_out(other).begin(), held_out(other).end());
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace temper::calibration
