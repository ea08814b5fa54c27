// Names from elsewhere, of files, classes, tensors and keys, as they may be shown: on a terminal, in a table, in a line of an error.
#pragma once

#include <string>
#include <string_view>

namespace temper {

// The text without anything that a terminal obeys or that breaks a line: control characters, those of Unicode too, what turns the direction
// of writing, and bytes that are no UTF-8 are written as \n, \t, \r, \x1b, \u009b. Everything else stays as it is, so a text that was made
// printable once is left alone.
std::string printable(std::string_view text);

// The columns that a printable text takes on a terminal: its code points, of which those of East Asia and pictures take two, and accents
// that are written on the letter before take none.
std::size_t columns(std::string_view text);

// As much of the beginning of a printable text as fits into so many columns.
std::string_view cut_to_columns(std::string_view text, std::size_t most);

// A word as a shell reads it: quoted where that is needed, and printable: a line that is to be copied does what it says. "my run" becomes
// 'my run', a word with control characters $'a\nb'.
std::string shell_word(std::string_view word);

// The same of a path, which must not be taken for an option: "-x" becomes ./-x.
std::string shell_path(std::string_view path);

}  // namespace temper
