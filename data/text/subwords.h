// Encodes text as the ids of a subword vocabulary, and decodes it, by SentencePiece (Kudo and Richardson, EMNLP 2018), which only this
// file's source includes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/shape.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace temper::data {

struct SubwordOptions {
  enum class Kind { unigram, bpe };

  Index vocabulary = 8000;    // the most; a small text gives fewer
  Kind kind = Kind::unigram;  // Kudo, ACL 2018; or byte pair encoding, Sennrich et al., ACL 2016
};

// "unigram", "bpe". The inverse throws Error for another name, listing these.
std::string_view name(SubwordOptions::Kind kind);
SubwordOptions::Kind parse_subword_kind(std::string_view name);

class Subwords {
 public:
  // The first four numbers of every vocabulary.
  static constexpr std::int32_t kPadding = 0, kUnknown = 1, kBegin = 2, kEnd = 3;

  // Learns a vocabulary, shared by all languages of `sentences`: a function of these and the options. They are taken as they are: normalise
  // them, and what is encoded later, in the same way. Throws Error when they hold no text, or not enough for a vocabulary.
  static Subwords learn(std::span<const std::string> sentences, const SubwordOptions& options = {});

  // From the bytes of a model file of SentencePiece. Throws Error naming `source` when they are none or number the first four otherwise.
  static Subwords from_bytes(std::string bytes, const std::string& source);
  static Subwords load(const std::string& path);
  void save(const std::string& path) const;
  const std::string& bytes() const { return bytes_; }

  Index size() const;
  // Without begin and end. Thread-safe.
  std::vector<std::int32_t> encode(std::string_view text) const;
  // Returns the text, joined and with its spaces. Padding, begin and end give nothing, an unknown id gives " ⁇ ". Throws Error for an id
  // beyond the vocabulary.
  std::string decode(std::span<const std::int32_t> ids) const;

 private:
  Subwords() = default;

  std::shared_ptr<const sentencepiece::SentencePieceProcessor> processor_;
  std::string bytes_;
};

}  // namespace temper::data
