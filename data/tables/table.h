// Tables of numbers from other programs: logits (N,K) and labels (N) from .npy, .npz, .csv, .tsv, .txt and .safetensors files. The format
// is detected from the content; the name only decides between text formats.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/shape.h"
#include "data/tables/byte_store.h"

namespace temper::data {

// Receives the rows of a table, in order. Values come as double whatever the file stores.
struct RowSink {
  // Once, before the first row. rows: -1 when the file does not say (text). A vector (N) is a table of one column.
  std::function<void(Index rows, Index columns)> begin = [](Index, Index) {};
  std::function<void(Index row, std::span<const double> values)> row = [](Index, std::span<const double>) {};
};

// Reads the table `part` of a file: an array's name in an .npz, a tensor's in a .safetensors file; empty takes the only one there. A file
// path may name it itself: "outputs.npz:logits". Throws Error, naming the file and the byte or line, for a file that is missing, cut off,
// damaged, has no or several tables to choose from, more than two axes, no rows, or numbers that are no numbers. NaN and infinity pass:
// their meaning depends on the table.
void read_table(const std::string& path, const RowSink& sink);
void read_table(const ByteStore& store, std::string_view part, const RowSink& sink);

// The readers behind it.
void read_npy(ByteStream& stream, const RowSink& sink);                             // versions 1 to 3, C and Fortran order
void read_npz(const ByteStore& store, std::string_view part, const RowSink& sink);  // stored or deflated
void read_safetensors_table(const ByteStore& store, std::string_view part, const RowSink& sink);
void read_text(ByteStream& stream,
               const RowSink& sink);  // , ; tab or space between numbers; a heading, that is a first line without a number, "# ..." and
                                      // empty lines are skipped

}  // namespace temper::data
