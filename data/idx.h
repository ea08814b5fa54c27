// IDX, the format of MNIST (LeCun, Cortes, Burges, 1998): a big-endian header 00 00 TYPE RANK and RANK 32-bit extents, then the elements.
#pragma once

#include <string>

#include "data/dataset.h"
#include "data/file_bytes.h"

namespace temper::data {

// The bytes of an IDX file of unsigned bytes, plain or gzip: no more than its header claims is unpacked. rank: 3 images, 1 labels. Throws
// Error as read_unpacked, and for another magic number or rank.
FileBytes read_idx(const std::string& path, int rank);

// The data set made of one image file (unsigned bytes, rank 3: N,H,W) and one label file (unsigned bytes, rank 1: N; each 0..9).
// Its images are (H,W,1), its ten classes are named "0".."9". The bytes of `images` become the pixels without a copy.
// Throws Error, naming file and byte, for another magic number, type or rank, an extent 0, a file shorter or longer than its header says,
// counts that differ, or a label above 9.
Dataset parse_idx(FileBytes images, const FileBytes& labels, std::string name);

}  // namespace temper::data
