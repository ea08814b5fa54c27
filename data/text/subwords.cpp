#include "data/text/subwords.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <exception>
#include <new>
#include <unordered_map>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/names.h"

namespace temper::data {
namespace {

class SentenceCursor final : public sentencepiece::SentenceIterator {
 public:
  explicit SentenceCursor(std::span<const std::string> sentences) : sentences_(sentences) {}
  bool done() const override { return next_ >= sentences_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return sentences_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::span<const std::string> sentences_;
  std::size_t next_ = 0;
};

std::size_t longest(std::span<const std::string> sentences) {
  std::size_t bytes = 0;
  for (const std::string& sentence : sentences) bytes = std::max(bytes, sentence.size());
  return bytes;
}

// False for bytes that are no model. Some damage SentencePiece reports by a status, some by what the index of words behind it throws.
bool load_model(sentencepiece::SentencePieceProcessor& processor, const std::string& bytes) {
  try {
    return !bytes.empty() && processor.LoadFromSerializedProto(bytes).ok() && processor.GetPieceSize() > 0;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

std::string_view name(SubwordOptions::Kind kind) { return kind == SubwordOptions::Kind::unigram ? "unigram" : "bpe"; }

SubwordOptions::Kind parse_subword_kind(std::string_view name) {
  using enum SubwordOptions::Kind;
  return find_by_name(name, {unigram, bpe}, "unigram or bpe");
}

Subwords Subwords::learn(std::span<const std::string> sentences, const SubwordOptions& options) {
  constexpr Index kLeast = 8, kMost = 1'000'000;
  TEMPER_CHECK(options.vocabulary >= kLeast && options.vocabulary <= kMost, "subwords: a vocabulary of ", options.vocabulary,
               "; give a number from ", kLeast, " to ", kMost);
  TEMPER_CHECK(longest(sentences) > 0, "subwords: ", sentences.size(), " sentences without text; give some to learn a vocabulary from");
  const bool bpe = options.kind == SubwordOptions::Kind::bpe;
  const std::unordered_map<std::string, std::string> settings = {
      {"vocab_size", str_cat(options.vocabulary)},
      {"hard_vocab_limit", "false"},
      {"model_type", bpe ? "bpe" : "unigram"},
      {"character_coverage", "1.0"},
      {"normalization_rule_name", "identity"},
      {"max_sentence_length", str_cat(longest(sentences) + 1)},  // longer ones would be passed over in silence
      {"pad_id", str_cat(kPadding)},
      {"unk_id", str_cat(kUnknown)},
      {"bos_id", str_cat(kBegin)},
      {"eos_id", str_cat(kEnd)},
      {"num_threads", "1"},  // sums over threads would round in another order
      {"minloglevel", "2"},
  };
  SentenceCursor iterator(sentences);
  std::string bytes;
  const sentencepiece::util::Status status = sentencepiece::SentencePieceTrainer::Train(settings, &iterator, &bytes);
  TEMPER_CHECK(status.ok(), "subwords: SentencePiece cannot learn ", options.vocabulary, " subwords from ", sentences.size(),
               " sentences: ", status.message(), "; ask for another size of vocabulary or give more text");
  return from_bytes(std::move(bytes), "learned subwords");
}

Subwords Subwords::from_bytes(std::string bytes, const std::string& source) {
  auto processor = std::make_shared<sentencepiece::SentencePieceProcessor>();
  TEMPER_CHECK(load_model(*processor, bytes), source, ": is no model of SentencePiece; give the subwords.model of a run");
  TEMPER_CHECK(
      processor->pad_id() == kPadding && processor->unk_id() == kUnknown && processor->bos_id() == kBegin && processor->eos_id() == kEnd,
      source, ": numbers padding, unknown, begin and end as ", processor->pad_id(), ", ", processor->unk_id(), ", ", processor->bos_id(),
      ", ", processor->eos_id(), "; train it with 0, 1, 2, 3");
  Subwords subwords;
  subwords.processor_ = std::move(processor);
  subwords.bytes_ = std::move(bytes);
  return subwords;
}

Subwords Subwords::load(const std::string& path) { return from_bytes(read_file(path), path); }
void Subwords::save(const std::string& path) const { write_file(path, bytes_); }

Index Subwords::size() const { return processor_->GetPieceSize(); }

std::vector<std::int32_t> Subwords::encode(std::string_view text) const {
  std::vector<int> ids;
  const sentencepiece::util::Status status = processor_->Encode({text.data(), text.size()}, &ids);
  TEMPER_CHECK(status.ok(), "subwords: a text cannot be encoded: ", status.message(), "; is it UTF-8?");
  return {ids.begin(), ids.end()};
}

std::string Subwords::decode(std::span<const std::int32_t> ids) const {
  std::vector<int> words;
  for (const std::int32_t id : ids) {
    TEMPER_CHECK(id >= 0 && id < size(), "subwords: id ", id, " is not in 0..", size() - 1, "; is this the vocabulary of the network?");
    if (id != kPadding && id != kBegin && id != kEnd) words.push_back(id);
  }
  std::string text;
  const sentencepiece::util::Status status = processor_->Decode(words, &text);
  TEMPER_CHECK(status.ok(), "subwords: ids cannot be decoded: ", status.message());
  return text;
}

}  // namespace temper::data
