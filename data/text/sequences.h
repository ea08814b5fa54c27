// Batches of token sequences.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/shape.h"

namespace temper::data {

// Some sequences of token ids, padded on the right to one length. Borrowed.
struct Sequences {
  std::span<const std::int32_t> ids;      // (count, length); behind a sequence's end any ids of the vocabulary
  std::span<const std::int32_t> lengths;  // (count), each in 0..length
  Index count = 0, length = 0;
};

// Throws Error naming `what` when the sizes contradict each other.
inline void check(const Sequences& sequences, const char* what) {
  TEMPER_CHECK(sequences.count >= 0 && sequences.length >= 0 &&
                   static_cast<Index>(sequences.ids.size()) == sequences.count * sequences.length &&
                   static_cast<Index>(sequences.lengths.size()) == sequences.count,
               what, ": ", sequences.ids.size(), " ids and ", sequences.lengths.size(), " lengths for ", sequences.count,
               " sequences of length ", sequences.length, "; give count x length ids and a length for each");
  for (const std::int32_t length : sequences.lengths) {
    TEMPER_CHECK(length >= 0 && length <= sequences.length, what, ": a sequence of ", length, " tokens in a batch of length ",
                 sequences.length, "; pad to the longest");
  }
}

}  // namespace temper::data
