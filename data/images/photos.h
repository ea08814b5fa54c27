// The photos of a set: files of any size that are decoded once and cached as bytes within a memory budget. Photos beyond the budget are
// decoded again whenever they are needed, with the same result.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/images/framing.h"
#include "data/images/image.h"

namespace temper::data {

class Photos {
 public:
  Photos(std::vector<std::string> paths, const Framing& framing) : paths_(std::move(paths)), framing_(framing), kept_(paths_.size()) {}

  Index size() const { return static_cast<Index>(paths_.size()); }
  const Framing& framing() const { return framing_; }
  const std::string& path(Index photo) const { return paths_[static_cast<std::size_t>(photo)]; }

  struct Damaged {
    Index photo;
    std::string message;  // names the file
  };
  // Decodes the chosen photos on all cores, caches them while their pixels fit in `budget` bytes (including those cached before), and
  // returns those that cannot be decoded, in the given order. on_progress(done, all) is called by this thread from time to time.
  std::vector<Damaged> read(const std::vector<Index>& chosen, std::uint64_t budget,
                            const std::function<void(Index done, Index all)>& on_progress = {});
  Index kept() const;
  std::uint64_t kept_bytes() const { return kept_bytes_; }

  // The photo, scaled until it covers: cached, or decoded into `scratch`. Throws Error naming the file when it cannot be decoded.
  const Image& covering(Index photo, Image& scratch) const;

 private:
  Image decode(Index photo) const;

  std::vector<std::string> paths_;
  Framing framing_;
  std::vector<Image> kept_;  // empty where it is not
  std::uint64_t kept_bytes_ = 0;
};

}  // namespace temper::data
