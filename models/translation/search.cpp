#include "models/translation/search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "core/ops/softmax.h"

namespace temper::translation {
namespace {

using data::Subwords;

constexpr double kNever = -std::numeric_limits<double>::infinity();

struct Candidate {
  double log_probability = kNever;
  Index parent = 0;  // the row of the beam that it continues
  std::int32_t word = 0;

  bool operator<(const Candidate& other) const {  // the better one first; ties by place, so that the order is always the same
    if (log_probability != other.log_probability) return log_probability > other.log_probability;
    return parent != other.parent ? parent < other.parent : word < other.word;
  }
};

// What is followed and found for one sentence.
class Beam {
 public:
  Beam(const SearchOptions& options, Index most)
      : options_(options), most_(most), alive_(static_cast<std::size_t>(options.beam), Translation{.ids = {}, .log_probability = kNever}) {
    alive_[0].log_probability = 0;  // all rows begin equal: one is enough
  }

  bool done() const { return done_; }
  std::int32_t last_word(Index row) const {
    const auto& ids = alive_[static_cast<std::size_t>(row)].ids;
    return ids.empty() ? Subwords::kBegin : ids.back();
  }

  // Takes the log-probabilities (beam,V) of the next words. parents[row]: the row whose past the row of now continues.
  void step(const float* log_probabilities, Index V, Index* parents) {
    const auto beam = static_cast<std::size_t>(options_.beam);
    const std::vector<Candidate> best = best_candidates(log_probabilities, V);
    std::vector<Translation> followed;
    for (std::size_t rank = 0; rank < best.size() && followed.size() < beam; ++rank) {
      Translation next = alive_[static_cast<std::size_t>(best[rank].parent)];
      next.log_probability = best[rank].log_probability;
      if (best[rank].word == Subwords::kEnd) {
        next.ended = true;
        if (rank < beam) finish(std::move(next));
      } else {
        next.ids.push_back(best[rank].word);
        parents[followed.size()] = best[rank].parent;
        followed.push_back(std::move(next));
      }
    }
    followed.resize(beam, Translation{.ids = {}, .log_probability = kNever});
    alive_ = std::move(followed);
    if (static_cast<Index>(alive_[0].ids.size()) >= most_ || alive_[0].log_probability == kNever) {
      if (finished_.empty()) finish(alive_[0]);
      done_ = true;
    } else {
      done_ = finished_.size() == beam && score(finished_.back()) >= alive_[0].log_probability / penalty(most_ + 1);
    }
  }

  const Translation& best() const { return finished_.front(); }

 private:
  double penalty(Index length) const { return std::pow((5 + static_cast<double>(length)) / 6, options_.length_penalty); }
  double score(const Translation& t) const { return t.log_probability / penalty(static_cast<Index>(t.ids.size()) + (t.ended ? 1 : 0)); }

  // Twice as many as are followed: however many of them end, enough are left.
  std::vector<Candidate> best_candidates(const float* log_probabilities, Index V) const {
    const auto wanted = static_cast<std::size_t>(2 * options_.beam);
    std::vector<Candidate> best;  // a heap with the worst on top
    for (Index row = 0; row < options_.beam; ++row) {
      const double before = alive_[static_cast<std::size_t>(row)].log_probability;
      if (before == kNever) continue;
      for (Index word = Subwords::kUnknown; word < V; ++word) {
        const Candidate candidate{before + static_cast<double>(log_probabilities[row * V + word]), row, static_cast<std::int32_t>(word)};
        if (word == Subwords::kBegin || !(candidate.log_probability > kNever)) continue;
        if (best.size() == wanted) {
          if (!(candidate < best.front())) continue;
          std::pop_heap(best.begin(), best.end());
          best.pop_back();
        }
        best.push_back(candidate);
        std::push_heap(best.begin(), best.end());
      }
    }
    std::sort(best.begin(), best.end());
    return best;
  }

  // Keeps the best `beam`, best first.
  void finish(Translation translation) {
    const auto place =
        std::find_if(finished_.begin(), finished_.end(), [&](const Translation& t) { return score(t) < score(translation); });
    finished_.insert(place, std::move(translation));
    if (finished_.size() > alive_.size()) finished_.pop_back();
  }

  SearchOptions options_;
  Index most_;  // words
  bool done_ = false;
  std::vector<Translation> alive_;  // (beam), best first; of log-probability kNever: none
  std::vector<Translation> finished_;
};

// The keys and values of all words so far, for every layer and every row of every beam. Room for more is made when it is needed: most
// translations end long before they must.
class Past {
 public:
  Past(const models::Transformer& network, Index rows)
      : rows_(rows), width_(2 * network.spec().width), now_(network.decoder_layers().size()), next_(now_.size()) {}
  const Tensor& layer_key_value(std::size_t layer) const { return now_[layer]; }

  // Room for word number `position`, the words before it kept.
  void make_room(Index position) {
    constexpr Index kFirst = 16;
    if (position < room_) return;
    const Index room = std::max(kFirst, 2 * room_);
    for (std::size_t layer = 0; layer < now_.size(); ++layer) {
      next_[layer] = Tensor(Shape{rows_, room, width_});
      copy(
          now_[layer], [](Index row) { return row; }, position, next_[layer]);
      now_[layer] = std::exchange(next_[layer], Tensor(Shape{rows_, room, width_}));
    }
    room_ = room;
  }

  // Row r continues the former row parents[r], which has `words` words.
  void follow(const std::vector<Index>& parents, Index words) {
    for (std::size_t layer = 0; layer < now_.size(); ++layer) {
      copy(
          now_[layer], [&](Index row) { return parents[static_cast<std::size_t>(row)]; }, words, next_[layer]);
      std::swap(now_[layer], next_[layer]);
    }
  }

 private:
  // The first words of row origin(r) of one to row r of the other.
  template <class Origin> void copy(const Tensor& from, Origin origin, Index words, const Tensor& to) const {
    if (words == 0) return;
    const Index used = words * width_, from_row = from.size() / rows_, to_row = to.size() / rows_;
    parallel_for(rows_, row_grain(used), [&](Index begin, Index end) {
      for (Index r = begin; r < end; ++r) std::copy_n(from.data() + origin(r) * from_row, used, to.data() + r * to_row);
    });
  }

  Index rows_, width_, room_ = 0;
  std::vector<Tensor> now_, next_;  // (rows, room, width) of each layer
};

void check(const SearchOptions& options) {
  constexpr Index kMostBeam = 1000;
  TEMPER_CHECK(options.beam >= 1 && options.beam <= kMostBeam, "--beam: ", options.beam, " is not in 1..", kMostBeam, "; 4 is usual");
  TEMPER_CHECK(options.length_penalty >= 0 && std::isfinite(options.length_penalty), "--length-penalty: ", options.length_penalty,
               " is not a finite number of at least 0; 0.6 is usual");
  TEMPER_CHECK(options.temperature > 0 && std::isfinite(options.temperature), "--temperature: ", options.temperature,
               " is not a finite number above 0; 1 leaves the logits unchanged");
  TEMPER_CHECK(options.extra_length >= 0, "translation: ", options.extra_length, " words more than the source; give at least 0");
}

}  // namespace

std::vector<Translation> search(const models::Transformer& network, const data::Sequences& source, const SearchOptions& options) {
  check(options);
  if (source.count == 0) return {};
  const Tape::Pause pause;
  const Index N = source.count, B = options.beam, rows = N * B, V = network.spec().vocabulary;
  const Tensor memory = network.encode(source);
  std::vector<Tensor> of_memory;
  for (const models::DecoderLayer& layer : network.decoder_layers()) of_memory.push_back(layer.project_memory(memory));
  Past past(network, rows);
  std::vector<Beam> beams;
  for (Index n = 0; n < N; ++n) beams.emplace_back(options, source.lengths[static_cast<std::size_t>(n)] + options.extra_length);

  std::vector<std::int32_t> words(static_cast<std::size_t>(rows));
  std::vector<Index> parents(words.size());
  const auto all_done = [&] { return std::all_of(beams.begin(), beams.end(), [](const Beam& beam) { return beam.done(); }); };
  for (Index position = 0; !all_done(); ++position) {
    for (Index r = 0; r < rows; ++r) words[static_cast<std::size_t>(r)] = beams[static_cast<std::size_t>(r / B)].last_word(r % B);
    past.make_room(position);
    Tensor x = network.embed(words, rows, 1, position);
    for (std::size_t l = 0; l < of_memory.size(); ++l)
      x = network.decoder_layers()[l].next(std::move(x), position, past.layer_key_value(l), of_memory[l], source.lengths);
    const Tensor log_probabilities = log_softmax(scale(network.logits(std::move(x)), static_cast<float>(1 / options.temperature)));
    std::iota(parents.begin(), parents.end(), Index{0});
    parallel_for(N, 1, [&](Index begin, Index end) {
      for (Index n = begin; n < end; ++n) {
        Beam& beam = beams[static_cast<std::size_t>(n)];
        if (beam.done()) continue;
        std::vector<Index> local(static_cast<std::size_t>(B));
        beam.step(log_probabilities.data() + n * B * V, V, local.data());
        for (Index b = 0; b < B; ++b) parents[static_cast<std::size_t>(n * B + b)] = n * B + local[static_cast<std::size_t>(b)];
      }
    });
    if (B > 1) past.follow(parents, position + 1);
  }
  std::vector<Translation> translations;
  for (const Beam& beam : beams) translations.push_back(beam.best());
  return translations;
}

std::vector<std::string> translate(const models::Transformer& network, const data::Subwords& subwords, std::span<const std::string> lines,
                                   const TranslateOptions& options) {
  TEMPER_CHECK(subwords.size() == network.spec().vocabulary, "translation: subwords of ", subwords.size(), " for a network of ",
               network.spec().vocabulary, "; use the subwords.model that the network was trained with");
  check(options.search);
  TEMPER_CHECK(options.batch_tokens >= 1, "translation: batches of ", options.batch_tokens, " tokens; give at least 1");
  TEMPER_CHECK(options.longest >= 1, "translation: lines of ", options.longest, " subwords; give at least 1");
  std::vector<std::vector<std::int32_t>> sentences;
  std::vector<std::size_t> order;  // of the lines with text, the longest first
  for (const std::string& line : lines) {
    sentences.push_back(subwords.encode(data::normalise(line, options.text)));
    const auto length = static_cast<Index>(sentences.back().size());
    if (length > options.longest) {
      sentences.back().resize(static_cast<std::size_t>(options.longest));
      if (options.on_cut) options.on_cut(static_cast<Index>(sentences.size()), length);
    }
    if (!sentences.back().empty()) order.push_back(sentences.size() - 1);
    sentences.back().push_back(Subwords::kEnd);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sentences[a].size() > sentences[b].size(); });
  std::vector<std::string> translations(lines.size());
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t length = sentences[order[begin]].size();
    const std::size_t fitting = std::max<std::size_t>(1, static_cast<std::size_t>(options.batch_tokens / options.search.beam) / length);
    const std::span batch = std::span(order).subspan(begin, std::min(fitting, order.size() - begin));
    std::vector<std::int32_t> ids(batch.size() * length, Subwords::kPadding), lengths;
    for (std::size_t n = 0; n < batch.size(); ++n) {
      const auto& sentence = sentences[batch[n]];
      std::copy(sentence.begin(), sentence.end(), ids.begin() + static_cast<std::ptrdiff_t>(n * length));
      lengths.push_back(static_cast<std::int32_t>(sentence.size()));
    }
    const std::vector<Translation> found =
        search(network, {ids, lengths, static_cast<Index>(batch.size()), static_cast<Index>(length)}, options.search);
    for (std::size_t n = 0; n < batch.size(); ++n) translations[batch[n]] = subwords.decode(found[n].ids);
    begin += batch.size();
    if (options.on_progress) options.on_progress(static_cast<Index>(begin));
  }
  return translations;
}

}  // namespace temper::translation
