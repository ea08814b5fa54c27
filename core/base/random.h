// Counter-based random numbers: a draw is a pure function of (seed, stream, i), so no result depends on the order of draws or the number of
// threads. Philox4x32-10 of Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numbers>

namespace temper {

class Random {
 public:
  using Block = std::array<std::uint32_t, 4>;

  // Numbers identify a stream: Random(seed, {epoch, sample}). Their order matters.
  Random(std::uint64_t seed, std::initializer_list<std::uint64_t> stream) : seed_(seed), stream_(0) {
    for (const std::uint64_t part : stream) stream_ = mix(stream_ ^ mix(part + kGolden));
  }

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }

  // Draw i: 128 random bits.
  Block block(std::uint64_t i) const {
    Block counter{low(i), high(i), low(stream_), high(stream_)};
    std::uint32_t key0 = low(seed_), key1 = high(seed_);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * counter[0];
      const std::uint64_t product1 = std::uint64_t{0xCD9E8D57u} * counter[2];
      counter = {high(product1) ^ counter[1] ^ key0, low(product1), high(product0) ^ counter[3] ^ key1, low(product0)};
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    return counter;
  }

  std::uint64_t bits(std::uint64_t i) const {
    const Block words = block(i);
    return std::uint64_t{words[1]} << 32 | words[0];
  }
  // Uniform in [0,1), 53 bits.
  double uniform(std::uint64_t i) const { return static_cast<double>(bits(i) >> 11) * 0x1.0p-53; }
  // Uniform in {0, ..., n-1}; n >= 1. The bias of the multiply-shift is below n / 2^32.
  std::uint32_t below(std::uint64_t i, std::uint32_t n) const { return high(std::uint64_t{block(i)[0]} * n); }
  // Standard normal (Box-Muller).
  double normal(std::uint64_t i) const {
    const Block words = block(i);
    const double u = (static_cast<double>(words[0]) + 0.5) * 0x1.0p-32;
    const double v = static_cast<double>(words[1]) * 0x1.0p-32;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  static constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;

  static std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
  static std::uint64_t mix(std::uint64_t x) {  // the finaliser of SplitMix64
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
  }

  std::uint64_t seed_, stream_;
};

}  // namespace temper
