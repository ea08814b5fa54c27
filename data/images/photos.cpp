#include "data/images/photos.h"

#include <algorithm>
#include <span>

#include "core/base/check.h"
#include "core/engine/parallel.h"

namespace temper::data {

Image Photos::decode(Index photo) const {
  try {
    return cover(read_image(path(photo)), framing_);
  } catch (const Error& error) {
    throw Error(file_error_message(path(photo), error.what()));
  }
}

std::vector<Photos::Damaged> Photos::read(const std::vector<Index>& chosen, std::uint64_t budget,
                                          const std::function<void(Index done, Index all)>& on_progress) {
  // In blocks, so that only one block exceeds the memory budget, and the cached photos do not depend on which thread decodes fastest.
  constexpr std::size_t kBlock = 64;
  std::vector<Image> images(kBlock);
  std::vector<std::string> errors(kBlock);
  std::vector<Damaged> damaged;
  for (std::size_t start = 0; start < chosen.size(); start += kBlock) {
    const std::span<const Index> block = std::span(chosen).subspan(start, std::min(kBlock, chosen.size() - start));
    parallel_for(static_cast<Index>(block.size()), 1, [&](Index begin, Index end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        errors[i].clear();
        try {
          images[i] = decode(block[i]);
        } catch (const Error& error) {
          errors[i] = error.what();
        }
      }
    });
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (!errors[i].empty()) {
        damaged.push_back({block[i], errors[i]});
      } else if (Image& place = kept_[static_cast<std::size_t>(block[i])];
                 place.pixels.empty() && kept_bytes_ + images[i].pixels.size() <= budget) {
        kept_bytes_ += images[i].pixels.size();
        place = std::move(images[i]);
      }
    }
    if (on_progress) on_progress(static_cast<Index>(start + block.size()), static_cast<Index>(chosen.size()));
  }
  return damaged;
}

Index Photos::kept() const {
  return std::ranges::count_if(kept_, [](const Image& image) { return !image.pixels.empty(); });
}

const Image& Photos::covering(Index photo, Image& scratch) const {
  const Image& kept = kept_[static_cast<std::size_t>(photo)];
  if (!kept.pixels.empty()) return kept;
  scratch = decode(photo);
  return scratch;
}

}  // namespace temper::data
