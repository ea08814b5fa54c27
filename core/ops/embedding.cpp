#include "core/ops/embedding.h"

#include <cstring>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct Embedding {
  static constexpr auto name = "embedding";
  std::span<const std::int32_t> ids;  // the caller's: for forward alone

  Shape shape(const Shape& table) const {
    TEMPER_CHECK(table.rank() == 2, name, ": a table ", table, " holds no rows of vectors; give it as (V,D)");
    return {count(), table[1]};
  }
  std::array<Shape, 1> saved(const Shape&) const { return {Shape{count()}}; }

  void forward(In<0> table, Out y, SavedOnTape<0> kept_ids) const {
    const Index V = table.shape[0], D = table.shape[1];
    for (Index t = 0; t < count(); ++t) {
      TEMPER_CHECK(id(t) >= 0 && id(t) < V, name, ": id ", id(t), " at position ", t, " is not in 0..", V - 1, "; correct it");
    }
    if (kept_ids && count() > 0) std::memcpy(kept_ids.data, ids.data(), ids.size_bytes());  // integers in the memory of as many floats
    parallel_for(count(), row_grain(D), [&](Index begin, Index end) {
      for (Index t = begin; t < end; ++t) std::copy_n(table.data + id(t) * D, D, y.data + t * D);
    });
  }

  // Each thread has some rows of the table and looks for their ids: no two write to one row, and each row adds up in the order of t.
  void backward(SavedOnTape<0> kept_ids, Grad dy, Into<0> dtable) const {
    const Index V = dtable.shape[0], D = dtable.shape[1];
    constexpr Index kRows = 512;
    parallel_for(V, kRows, [&](Index begin, Index end) {
      if (!dtable.add) std::fill_n(dtable.data + begin * D, (end - begin) * D, 0.0f);
      for (Index t = 0; t < dy.shape[0]; ++t) {
        std::int32_t row = 0;
        std::memcpy(&row, kept_ids.data + t, sizeof row);
        if (row < begin || row >= end) continue;
        for (Index d = 0; d < D; ++d) dtable[row * D + d] += dy[t * D + d];
      }
    });
  }

 private:
  Index count() const { return static_cast<Index>(ids.size()); }
  std::int32_t id(Index t) const { return ids[static_cast<std::size_t>(t)]; }
};

}  // namespace

Tensor embedding(Tensor table, std::span<const std::int32_t> ids) { return Tape::apply(Embedding{ids}, std::move(table)); }

}  // namespace temper
