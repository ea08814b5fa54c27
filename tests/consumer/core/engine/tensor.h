// The host's own tensor.h in its own core/: must not come between temper's headers.
#pragma once

namespace host {
struct Tensor {};
}  // namespace host
