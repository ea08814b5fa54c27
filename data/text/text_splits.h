// The train, validation and test splits of a parallel corpus, from files.
#pragma once

#include <string>

#include "data/text/parallel_corpus.h"

namespace temper::data {

struct TextSplits {
  ParallelCorpus train, val, test;
};

struct TextLoadOptions {
  std::string languages = "";  // of text:DIR: "en,de", source and target; empty: those of its files, English first
  std::string val = "";        // "SRC,TGT": these files instead of what the folder has or of pairs held out
  std::string test = "";
  Index held_out = -1;  // pairs of the training part that become validation or test where there are no files; -1: see below
  TextOptions text = {};
};

bool is_text(const std::string& spec);  // is it of a source of text? See data/sources.h

// Of specs, as data/sources.h lists them:
//
// text:DIR      train.en and train.de, and the like for val (or valid, dev) and for test (or test_2016_flickr, as Multi30k has it), plain
//               or gzip, with ".gz" at the end
// text:SRC,TGT  two files
//
// A split without files is held out of the training pairs, always the same ones: held_out of them, or a twentieth, at most 1,000. A pair
// that occurs twice may be in both splits. Throws Error naming the file, the option or the spec, and what it should be.
TextSplits load_text(const std::string& spec, const TextLoadOptions& options = {});

}  // namespace temper::data
