// The files of data/digits/, embedded by the assembler: an installed program needs no data folder. See data/digits/README.md.
#include <span>

#include "data/dataset.h"
#include "data/idx.h"
#include "data/sources.h"

// Defines temper_digits_<symbol> and temper_digits_<symbol>_end around the bytes of the file. Hidden: no name of the library's interface.
#define TEMPER_EMBED(symbol, file) \
  asm(".pushsection .rodata\n" \
      ".globl temper_digits_" #symbol "\n.hidden temper_digits_" #symbol \
      "\n" \
      ".globl temper_digits_" #symbol "_end\n.hidden temper_digits_" #symbol \
      "_end\n" \
      "temper_digits_" #symbol ":\n.incbin \"" TEMPER_DIGITS_DIR "/" file \
      "\"\n" \
      "temper_digits_" #symbol \
      "_end:\n.byte 0\n" \
      ".popsection\n"); \
  extern "C" __attribute__((visibility("hidden"))) const std::uint8_t temper_digits_##symbol[], temper_digits_##symbol##_end[]

TEMPER_EMBED(train_images, "train-images-idx3-ubyte");
TEMPER_EMBED(train_labels, "train-labels-idx1-ubyte");
TEMPER_EMBED(val_images, "val-images-idx3-ubyte");
TEMPER_EMBED(val_labels, "val-labels-idx1-ubyte");
TEMPER_EMBED(test_images, "test-images-idx3-ubyte");
TEMPER_EMBED(test_labels, "test-labels-idx1-ubyte");

namespace temper::data {
namespace {

FileBytes embedded(const char* path, const std::uint8_t* begin, const std::uint8_t* end) { return {path, {begin, end}}; }

}  // namespace

Splits digits() {
  return {
      parse_idx(embedded("digits/train-images-idx3-ubyte", temper_digits_train_images, temper_digits_train_images_end),
                embedded("digits/train-labels-idx1-ubyte", temper_digits_train_labels, temper_digits_train_labels_end), "digits train"),
      parse_idx(embedded("digits/val-images-idx3-ubyte", temper_digits_val_images, temper_digits_val_images_end),
                embedded("digits/val-labels-idx1-ubyte", temper_digits_val_labels, temper_digits_val_labels_end), "digits val"),
      parse_idx(embedded("digits/test-images-idx3-ubyte", temper_digits_test_images, temper_digits_test_images_end),
                embedded("digits/test-labels-idx1-ubyte", temper_digits_test_labels, temper_digits_test_labels_end), "digits test"),
  };
}

extern constinit const DataSource kDigits{.kind = "digits",
                                          .forms = {{{"digits", "1,797 handwritten digits of 8x8 pixels, built into the program"}}},
                                          .settings = R"(
epochs = 40
batch = 32
shift = 1
nesterov = false
)",
                                          .read_images = [](const std::string&, const LoadOptions&) { return digits(); }};

}  // namespace temper::data
