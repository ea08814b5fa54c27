// The list of all kinds of calibrators.
//
//   temperature   z / T                                    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017
//   ensemble      log(w1 softmax(z/T) + w2 softmax(z) + w3 / K)        Zhang, Kailkhura & Han, "Mix-n-Match", ICML 2020
//   vector        diag(w) z + b                            Guo et al.
//   matrix        W z + b, ODIR-regularised                Guo et al.; Kull et al., "Beyond temperature scaling", NeurIPS 2019
//   dirichlet     W log softmax(z) + b, ODIR-regularised   Kull et al.
//   histogram     per class, the frequency of the label in the bin of p_k; then made to sum to 1     Zadrozny & Elkan, ICML 2001
//   isotonic      per class, the monotone step function of least squares; then made to sum to 1      Zadrozny & Elkan, KDD 2002
#pragma once

#include <span>
#include <string_view>

#include "models/calibration/calibrators/calibrator_kind.h"

namespace temper::calibration {

// Ours in the order above, then those that were registered.
std::span<const CalibratorKind* const> calibrator_kinds();

// Throws Error for a name that is none, with those that are.
const CalibratorKind& calibrator_kind(std::string_view name);

// Makes a program's own kind known by its name, so that the calibrator.json of a run of its own is read again. `kind` must live as long as
// the program. Throws Error when there is one of that name. Not while another thread reads the list.
void register_calibrator(const CalibratorKind& kind);

}  // namespace temper::calibration
