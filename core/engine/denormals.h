// Arithmetic on numbers below 1.2e-38 (denormals) is 50 times slower, and a trained network is full of them. While a FlushDenormals lives,
// its thread replaces them by zeros; its destructor restores the caller's mode. Every thread that runs our kernels holds one, so that no
// result depends on which thread computed it.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace temper {

class FlushDenormals {
 public:
  FlushDenormals() : before_(get()) { set(before_ | kMask); }
  ~FlushDenormals() { set(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__x86_64__)
  using Mode = unsigned;
  static constexpr Mode kMask = 0x8040;  // flush to zero | denormals are zero
  static Mode get() { return _mm_getcsr(); }
  static void set(Mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
  using Mode = std::uint64_t;
  static constexpr Mode kMask = Mode{1} << 24;  // FZ
  static Mode get() {
    Mode mode;
    asm volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
  }
  static void set(Mode mode) { asm volatile("msr fpcr, %0" ::"r"(mode)); }
#else
  using Mode = int;
  static constexpr Mode kMask = 0;
  static Mode get() { return 0; }
  static void set(Mode) {}
#endif

  Mode before_;
};

}  // namespace temper
