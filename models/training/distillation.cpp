#include "models/training/distillation.h"

#include <cmath>

#include "core/names.h"

namespace temper::training {

void Distillation::check() const {
  TEMPER_CHECK(temperature > 0 && std::isfinite(temperature), "--temperature: ", temperature,
               " is not allowed; give a finite number above 0");
  TEMPER_CHECK(beta >= 0 && beta <= 1, "--beta: ", beta,
               " is not allowed; give a number in [0,1], the weight of the teacher against the labels");
}

std::string_view name(Distillation::Form form) {
  return form == Distillation::Form::paper ? "paper" : form == Distillation::Form::hinton ? "hinton" : "logits";
}

Distillation::Form distillation_form(std::string_view name) {
  using enum Distillation::Form;
  return by_name("--form", name, {paper, hinton, logits},
                 "paper (temperature on the teacher alone), hinton (on both, times T^2) or logits (their squared distance)");
}

}  // namespace temper::training
