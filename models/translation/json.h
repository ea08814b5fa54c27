// A BLEU as JSON, as run.json and the program print it. For sources of the library and the apps.
#pragma once

#include "core/json.h"
#include "models/translation/run.h"

namespace temper::translation {

Json to_json(const Score& score);
Score score_of(const Json& json);  // the inverse, without the counts of n-grams

}  // namespace temper::translation
