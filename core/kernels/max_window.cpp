#include "core/kernels/max_window.h"

#include "core/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/max_window.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A vector of maxima, or of several windows' maxima: load(p) gives the values that tap has whose first value is p.
template <bool kWinners, class D, class Load> void best_of_taps(D d, const WindowRun& run, Index x, Index y, Load load) {
  auto best = load(run.x + x);
  auto best_tap = hn::Set(d, static_cast<float>(run.first_tap));
  for (Index r = 0, s = 1; r < run.rows; ++r, s = 0) {
    const float* values = run.x + x + r * run.row_size;
    for (; s < run.cols; ++s) {
      const auto value = load(values + s * run.C);
      const auto keeps = hn::Or(hn::Le(value, best), hn::IsNaN(best));
      best = hn::IfThenElse(keeps, best, value);
      if constexpr (kWinners)
        best_tap = hn::IfThenElse(keeps, best_tap, hn::Set(d, static_cast<float>(run.first_tap + r * run.tap_row + s)));
    }
  }
  hn::StoreU(best, d, run.y + y);
  if constexpr (kWinners) hn::StoreU(best_tap, d, run.winner + y);
}

// One window at a time, its channels in vectors; the last vector begins early and does some channels twice.
template <bool kWinners, class D> void channels(D d, const WindowRun& run, Index first) {
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  for (Index q = first; q < run.count; ++q) {
    for (Index c = 0; c < run.C; c += lanes) {
      const Index from = std::min(c, run.C - lanes);
      best_of_taps<kWinners>(d, run, q * run.step + from, q * run.C + from, [d](const float* p) { return hn::LoadU(d, p); });
    }
  }
}

// Few channels: a vector holds `group` windows, whose values are picked out of kTables vectors of x. What is in the other lanes is
// overwritten by the next group. Returns the number of windows done: near the end of the memory there may be no room for a whole vector.
template <bool kWinners, int kTables, class D> Index groups(D d, const WindowRun& run, Index group) {
  constexpr Index kLanes = HWY_MAX_BYTES < 64 ? HWY_MAX_BYTES / 4 : 16;
  const hn::RebindToSigned<D> di;
  HWY_ALIGN std::int32_t lane_of[16] = {}, table_of[16] = {};
  for (Index i = 0; i < group * run.C; ++i) {
    const Index at = i / run.C * run.step + i % run.C;
    lane_of[i] = static_cast<std::int32_t>(at % kLanes);
    table_of[i] = static_cast<std::int32_t>(at / kLanes);
  }
  const auto lane = hn::SetTableIndices(d, lane_of);
  const auto table = hn::Load(di, table_of);
  const auto second = hn::MaskFromVec(hn::BitCast(d, hn::VecFromMask(di, hn::Eq(table, hn::Set(di, 1)))));
  const auto third = hn::MaskFromVec(hn::BitCast(d, hn::VecFromMask(di, hn::Eq(table, hn::Set(di, 2)))));
  const auto pick = [&](const float* p) {
    auto values = hn::TableLookupLanes(hn::LoadU(d, p), lane);
    if constexpr (kTables > 1) values = hn::IfThenElse(second, hn::TableLookupLanes(hn::LoadU(d, p + kLanes), lane), values);
    if constexpr (kTables > 2) values = hn::IfThenElse(third, hn::TableLookupLanes(hn::LoadU(d, p + 2 * kLanes), lane), values);
    return values;
  };
  const Index reach = (run.rows - 1) * run.row_size + (run.cols - 1) * run.C + kTables * kLanes;
  const Index last_x = run.readable - run.x - reach, last_y = run.y_end - run.y - kLanes;
  Index q = 0;
  for (; q < run.count && q * run.step <= last_x && q * run.C <= last_y; q += group)
    best_of_taps<kWinners>(d, run, q * run.step, q * run.C, pick);
  return std::min(q, run.count);
}

template <bool kWinners> void all_windows(const WindowRun& run) {
  const hn::CappedTag<float, 16> full;
  const auto lanes = static_cast<Index>(hn::Lanes(full));
  if (run.C >= lanes) return channels<kWinners>(full, run, 0);
  Index done = 0;
  if (lanes > 1) {
    const Index within_three_vectors = (3 * lanes - run.C) / run.step + 1;
    const Index group = std::min({lanes / run.C, within_three_vectors, run.count});
    const Index tables = ((group - 1) * run.step + run.C + lanes - 1) / lanes;
    done = tables == 1   ? groups<kWinners, 1>(full, run, group)
           : tables == 2 ? groups<kWinners, 2>(full, run, group)
                         : groups<kWinners, 3>(full, run, group);
  }
  channels<kWinners>(hn::CappedTag<float, 1>(), run, done);
}

void max_of_windows(const WindowRun& run) {
  if (run.winner) {
    all_windows<true>(run);
  } else {
    all_windows<false>(run);
  }
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(max_of_windows);

void max_of_windows(const WindowRun& run) { HWY_DYNAMIC_DISPATCH(max_of_windows)(run); }

}  // namespace temper
#endif
