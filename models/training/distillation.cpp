#include "models/training/distillation.h"

#include <cmath>

#include "core/base/names.h"

namespace temper::training {
namespace {

bool on_both_sides(Distillation::Form form) { return form == Distillation::Form::hinton || form == Distillation::Form::decoupled; }

void check_weight(const char* option, float weight) {
  TEMPER_CHECK(weight >= 0 && std::isfinite(weight), option, ": ", weight, " is not allowed; give a finite number >= 0");
}

}  // namespace

float Distillation::student_t() const {
  return student_temperature > 0 ? student_temperature : on_both_sides(form) ? teacher_temperature : 1;
}

bool Distillation::times_squared() const { return factor == Factor::form ? on_both_sides(form) : factor == Factor::squared; }

void Distillation::check() const {
  TEMPER_CHECK(teacher_temperature > 0 && std::isfinite(teacher_temperature), "--temperature: ", teacher_temperature,
               " is not allowed; give a finite number above 0");
  TEMPER_CHECK(student_temperature >= 0 && std::isfinite(student_temperature), "--student-temperature: ", student_temperature,
               " is not allowed; give a finite number above 0, or 0 for what --form has");
  TEMPER_CHECK(form != Form::logits || student_temperature == 0,
               "--student-temperature: the form logits compares logits as they are; "
               "leave it out, or give another --form");
  TEMPER_CHECK(form != Form::logits || factor != Factor::squared,
               "--factor: the form logits has no temperature to be squared; leave it "
               "out, or give another --form");
  TEMPER_CHECK(beta >= 0 && beta <= 1, "--beta: ", beta,
               " is not allowed; give a number in [0,1], the weight of the teacher against the labels");
  check_weight("--dkd-alpha", target_weight);
  check_weight("--dkd-beta", non_target_weight);
}

void Distillation::check(Index classes) const {
  check();
  TEMPER_CHECK(form != Form::decoupled || classes >= 3, "--form: decoupled needs at least two classes beside the label's, and of ", classes,
               " classes there are fewer; give hinton");
}

std::string_view name(Distillation::Form form) {
  using enum Distillation::Form;
  return form == paper ? "paper" : form == hinton ? "hinton" : form == logits ? "logits" : "decoupled";
}

std::string_view name(Distillation::Factor factor) {
  using enum Distillation::Factor;
  return factor == form ? "form" : factor == none ? "none" : "squared";
}

Distillation::Form parse_distillation_form(std::string_view name) {
  using enum Distillation::Form;
  return find_by_name(
      name, {paper, hinton, logits, decoupled},
      "paper (temperature on the teacher alone), hinton (on both, times T^2), logits (their squared distance) or decoupled (the "
      "label's class apart)");
}

Distillation::Factor parse_distillation_factor(std::string_view name) {
  using enum Distillation::Factor;
  return find_by_name(name, {form, none, squared}, "form (as --form has it), none or squared");
}

}  // namespace temper::training
