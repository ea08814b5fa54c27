// The findings of an experiment: numbers with their sources, tables, figures, and a verdict on each of the paper's claims.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/experiment_setup.h"
#include "apps/reproduce/results.h"
#include "apps/reproduce/statistics.h"

namespace temper::reproduce {

// A line of numbers.csv.
struct Number {
  std::string network, quantity;  // "AlexNet", "accuracy"
  double alpha = 0;               // of the labels the network, or its teacher, was trained with
  std::optional<double> temperature = {};
  std::string seed = {};
  double value = 0;
  std::string source = {};  // the file that contains it, relative to the folder of the reproduction
};

struct Table {
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows = {};  // the first column names them
};

struct Figure {
  std::string file;  // "figure-5.svg"; empty: for the page alone
  std::string svg;   // a whole file
  std::string html;  // for the page: the plot, its legend
  std::string caption;
};

struct Claim {
  std::string text;  // what the paper says
  std::string ours;  // our result, with its interval
  std::string test;  // how it was decided
  Verdict verdict = Verdict::undecided;
};

struct Findings {
  std::vector<Number> numbers = {};
  std::vector<Table> tables = {};
  std::vector<Figure> figures = {};
  std::vector<Claim> claims = {};
};

// Every value of a sample as a line of numbers.csv. file: of each run.
void add_numbers(Findings& findings, const Sample& sample, Number like, const char* file = kRun);

// "87.12 ± 0.20" in per cent, "0.043 ± 0.002": mean and standard error over seeds; a dash without values.
std::string format_percent(const Sample& sample);
std::string format_value(const Sample& sample, int digits = 3);

// The standard error that the choice of test images gives the difference of two accuracies, or errors; 0 while runs are missing.
double accuracy_sampling(const Sample& a, const Sample& b);

enum class Unit { points, plain };  // of fractions, shown in hundredths, or of plain numbers

// What is claimed of a - b: that it is above `least`.
struct Question {
  std::string text;
  Unit unit = Unit::plain;
  double least = 0;
  double sampling = 0;             // see statistics.h
  std::vector<Sample> alike = {};  // the same, with a and b among them
};

// Undecided, and said so, while runs are missing.
Claim claim_above(const Question& question, const Sample& a, const Sample& b);

}  // namespace temper::reproduce
