// The look of the page.
#pragma once

#include <string_view>

namespace temper::report {

// CSS: colours by day and by night, wide and narrow screens, paper. Names no font file and no other resource.
extern const std::string_view kStyleSheet;

}  // namespace temper::report
