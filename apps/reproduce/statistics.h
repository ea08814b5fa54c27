// Differences of means with their 95 % intervals, and what they say about a claim.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace temper::reproduce {

// The 97.5 % quantile of Student's t with `freedom` > 0 degrees of freedom: 12.71 for 1, 1.96 for very many.
double student_t(double freedom);

double mean(std::span<const double> values);
double standard_error(std::span<const double> values);  // of the mean; NaN for fewer than two values

struct Difference {
  double value = 0, lower = 0, upper = 0;
  std::string test;  // in words
};

// a and b: the same quantity of several seeds, on the same test images. Student's t interval: it is about these images. How far seeds
// differ is taken from the samples `alike`, each about its own mean; these may be more than a and b, which are what counts where none are
// given, for two seeds say little. Where there is one seed of everything, all there is is `sampling`, the standard error of a - b that is
// due to the choice of the images; the seed can still mislead. Where that is not known either (0), the interval is everything.
Difference difference(std::span<const double> a, std::span<const double> b, double sampling,
                      std::span<const std::vector<double>> alike = {});

// The standard error of the difference of two accuracies on the same n images, taken as if the images were different ones, which makes it
// too large rather than too small.
double accuracy_sampling(double a, double b, double images);

enum class Verdict { confirmed, not_confirmed, undecided };
std::string name(Verdict verdict);

// Whether the difference is above `least`: by its whole interval, not at all, or in part.
Verdict above(const Difference& difference, double least = 0);

}  // namespace temper::reproduce
