#include "models/calibration/study/data_hash.h"

#include <bit>
#include <string_view>

namespace temper::calibration {

std::string data_hash(const Predictions& predictions) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto take = [&](std::uint32_t word) { hash = (hash ^ word) * 0x100000001b3u; };
  take(static_cast<std::uint32_t>(predictions.classes));
  for (const std::int32_t label : predictions.labels) take(static_cast<std::uint32_t>(label));
  for (const float logit : predictions.logits) take(std::bit_cast<std::uint32_t>(logit));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "fnv1a64:";
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[hash >> shift & 0xF];
  return text;
}

}  // namespace temper::calibration
