#include "core/kernels/max_pool.h"

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/max_pool.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A vector of maxima, or of several windows' maxima: load(p) gives the values that tap has whose first value is p.
template <bool kWinners, class D, class Load> void best_of_taps(D d, const MaxPoolRun& run, Index x, Index y, Load load) {
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
template <bool kWinners, class D> void channels(D d, const MaxPoolRun& run, Index first) {
  const auto lanes = static_cast<Index>(hn::Lanes(d));
  for (Index q = first; q < run.count; ++q) {
    for (Index c = 0; c < run.C; c += lanes) {
      const Index from = std::min(c, run.C - lanes);
      best_of_taps<kWinners>(d, run, q * run.step + from, q * run.C + from, [d](const float* p) { return hn::LoadU(d, p); });
    }
  }
}

// Few channels: a vector holds a group of windows, whose values are picked out of kTables vectors of x. What is in the other lanes is
// overwritten by the next group. Returns the number of windows done: near the end of the memory there may be no room for a whole vector.
template <bool kWinners, int kTables, class D> Index groups(D d, const MaxPoolLanes& lanes, const MaxPoolRun& run) {
  const hn::RebindToSigned<D> di;
  const auto width = static_cast<Index>(hn::Lanes(d));
  const auto lane = hn::SetTableIndices(d, lanes.lane);
  const auto is_from = [&](int number) { return hn::RebindMask(d, hn::Eq(hn::Load(di, lanes.table), hn::Set(di, number))); };
  const auto second = is_from(1), third = is_from(2);
  const auto pick = [&](const float* p) {
    auto values = hn::TableLookupLanes(hn::LoadU(d, p), lane);
    if constexpr (kTables > 1) values = hn::IfThenElse(second, hn::TableLookupLanes(hn::LoadU(d, p + width), lane), values);
    if constexpr (kTables > 2) values = hn::IfThenElse(third, hn::TableLookupLanes(hn::LoadU(d, p + 2 * width), lane), values);
    return values;
  };
  const Index reach = (run.rows - 1) * run.row_size + (run.cols - 1) * run.C + kTables * width;
  const Index last_x = run.readable - run.x - reach, last_y = run.y_end - run.y - width;
  Index q = 0;
  for (; q < run.count && q * run.step <= last_x && q * run.C <= last_y; q += lanes.group)
    best_of_taps<kWinners>(d, run, q * run.step, q * run.C, pick);
  return std::min(q, run.count);
}

template <bool kWinners> void all_windows(const MaxPoolLanes& lanes, const MaxPoolRun& run) {
  const hn::CappedTag<float, 16> full;
  if (lanes.group == 0 && run.C >= static_cast<Index>(hn::Lanes(full))) return channels<kWinners>(full, run, 0);
  const Index done = lanes.tables == 1   ? groups<kWinners, 1>(full, lanes, run)
                     : lanes.tables == 2 ? groups<kWinners, 2>(full, lanes, run)
                     : lanes.tables == 3 ? groups<kWinners, 3>(full, lanes, run)
                                         : 0;
  channels<kWinners>(hn::CappedTag<float, 1>(), run, done);
}

void max_pool_run(const MaxPoolLanes& lanes, const MaxPoolRun& run) {
  if (run.winner) {
    all_windows<true>(lanes, run);
  } else {
    all_windows<false>(lanes, run);
  }
}

MaxPoolLanes max_pool_lanes(Index C, Index step) {
  constexpr Index kMostTables = 3;
  const auto width = static_cast<Index>(hn::Lanes(hn::CappedTag<float, 16>()));
  MaxPoolLanes lanes;
  if (C == 0 || C >= width) return lanes;
  lanes.group = std::min(width / C, (kMostTables * width - C) / step + 1);
  lanes.tables = ((lanes.group - 1) * step + C + width - 1) / width;
  for (Index i = 0; i < lanes.group * C; ++i) {
    const Index at = i / C * step + i % C;
    lanes.lane[i] = static_cast<std::int32_t>(at % width);
    lanes.table[i] = static_cast<std::int32_t>(at / width);
  }
  return lanes;
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(max_pool_run);
HWY_EXPORT(max_pool_lanes);

void max_pool_run(const MaxPoolLanes& lanes, const MaxPoolRun& run) { HWY_DYNAMIC_DISPATCH(max_pool_run)(lanes, run); }
MaxPoolLanes max_pool_lanes(Index C, Index step) { return HWY_DYNAMIC_DISPATCH(max_pool_lanes)(C, step); }

}  // namespace temper
#endif
