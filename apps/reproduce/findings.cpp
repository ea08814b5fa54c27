#include "apps/reproduce/findings.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

namespace temper::reproduce {
namespace {

std::string with_error(const Sample& sample, double factor, int digits) {
  if (sample.empty()) return "–";
  const std::string middle = fmt::format("{:.{}f}", factor * mean(sample.values), digits);
  return sample.values.size() < 2 ? middle : fmt::format("{} ± {:.{}f}", middle, factor * standard_error(sample.values), digits);
}

}  // namespace

void add_numbers(Findings& findings, const Sample& sample, Number like, const char* file) {
  for (std::size_t i = 0; i < sample.values.size(); ++i) {
    const std::string& run = sample.runs[i];
    like.seed = parse_seed(run);
    like.value = sample.values[i];
    like.source = run_folder(run) + "/" + file;
    findings.numbers.push_back(like);
  }
}

double accuracy_sampling(const Sample& a, const Sample& b) {
  return a.empty() || b.empty() ? 0 : accuracy_sampling(mean(a.values), mean(b.values), a.images);
}

std::string format_percent(const Sample& sample) { return with_error(sample, 100, 2); }
std::string format_value(const Sample& sample, int digits) { return with_error(sample, 1, digits); }

Claim claim_above(const Question& question, const Sample& a, const Sample& b) {
  const auto& [text, unit, least, sampling, alike] = question;
  Claim claim{.text = text, .ours = "the runs are not there yet", .test = ""};
  if (a.empty() || b.empty()) return claim;
  std::vector<std::vector<double>> others;
  for (const Sample& sample : alike) others.push_back(sample.values);
  const Difference d = difference(a.values, b.values, sampling, others);
  const double factor = unit == Unit::points ? 100 : 1;
  const int digits = unit == Unit::points ? 2 : 4;
  claim.ours = fmt::format("difference {:+.{}f}{}", factor * d.value, digits, unit == Unit::points ? " points" : "");
  if (std::isfinite(d.lower))
    claim.ours += fmt::format(", 95 % interval {:+.{}f} to {:+.{}f}", factor * d.lower, digits, factor * d.upper, digits);
  claim.test = d.test;
  if (least != 0) claim.test += fmt::format("; asked: above {:+.{}f}", factor * least, unit == Unit::points ? 1 : 2);
  claim.verdict = above(d, least);
  return claim;
}

}  // namespace temper::reproduce
