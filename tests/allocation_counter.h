// Counts every operator new of the program, so that a test can say "this allocates nothing".
#pragma once

namespace temper {

long allocations();  // since the program began, on all threads

}  // namespace temper
