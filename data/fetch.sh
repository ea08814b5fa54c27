#!/usr/bin/env bash
# Brings public data sets here and checks them; see usage below. Needs curl or wget, md5sum, gzip, tar.
#
# The checksums are those of the official files: of MNIST as its authors packed it and as it unpacks, for mirrors pack it anew; of the archives of CIFAR; of
# Multi30k's task 1 as in its repository (those that torchtext has, too) and as it unpacks.
set -euo pipefail

usage() {
  cat <<'TEXT'
Bring a public data set into a folder, as temper reads it, and check that it is the official one.
Usage: data/fetch.sh SET DIR [--from FOLDER | --mirror URL]

SET, what DIR then holds, and how temper reads it:
  mnist      train-images-idx3-ubyte.gz and three more         temper data mnist:DIR      11 MB
  cifar10    cifar-10-batches-bin/                             temper data cifar10:DIR   170 MB to download, 180 MB unpacked
  cifar100   cifar-100-binary/                                 temper data cifar100:DIR  169 MB to download, 185 MB unpacked
  multi30k   train.en, train.de, val.* and test_2016_flickr.*  English and German          1 MB

  --from FOLDER   Take the official files or archives from a folder instead of the network
  --mirror URL    Where else the files lie; they are checked as those of the official place
  --help          Print this help

What is there and right is left alone. A download that was cut off is continued by the same command (DIR/*.part). Every file is checked before it gets
its name; nothing half-written ever has it.

Examples:
  data/fetch.sh cifar10 ~/data          temper train --data cifar10:$HOME/data --recipe fast-resnet --out runs/resnet
  data/fetch.sh mnist ~/mnist --from /media/usb
TEXT
}

fail() { # exit code, message
  echo "temper: error: $2" >&2
  exit "$1"
}

# set  url or folder of urls, then a line a file:  name  MD5 of the file  MD5 of what it unpacks to (- : not used)
files_of() {
  case $1 in
    mnist) cat <<'TEXT'
https://ossci-datasets.s3.amazonaws.com/mnist
train-images-idx3-ubyte.gz f68b3c2dcbeaaa9fbdd348bbdeb94873 6bbc9ace898e44ae57da46a324031adb
train-labels-idx1-ubyte.gz d53e105ee54ea40749a09fcbcd1e9432 a25bea736e30d166cdddb491f175f624
t10k-images-idx3-ubyte.gz 9fb629c4189551a2d022fa330f9573f3 2646ac647ad5339dbf082846283269ea
t10k-labels-idx1-ubyte.gz ec29112dd5afa0611ce80d1b7f02629c 27ae3e4e09519cfbb04c329615203637
TEXT
      ;;
    cifar10) cat <<'TEXT'
https://www.cs.toronto.edu/~kriz
cifar-10-binary.tar.gz c32a1d4ab5d03f1284b67883e8d87530 -
TEXT
      ;;
    cifar100) cat <<'TEXT'
https://www.cs.toronto.edu/~kriz
cifar-100-binary.tar.gz 03b5dce01913d631647c71ecec9e9cb8 -
TEXT
      ;;
    multi30k) cat <<'TEXT'
https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw
train.en.gz 0065d13af80720a55ca8153d126e6627 053a34ece7c904dbc8c7361799afbe4c
train.de.gz 81ff90b99829c0cd4b1b587d394afd39 d3b4bc1671cfb805267f97f16884beba
val.en.gz 2b69aa9253948ac9f67e94917272dd40 2234730e7925354b766681b029b347ec
val.de.gz 6e0e229eb049e3fc99a1ef02fb2d5f91 9f139b15d9d11936dea7af2904e57d8c
test_2016_flickr.en.gz ff2c0fcb4893a13bd73414306bc250ae 2022a6c31e2418047a0511333d55ed42
test_2016_flickr.de.gz efd67d314d98489b716b145475101932 cde61d7401b116652ee84099c7858ca3
TEXT
      ;;
    *) return 1 ;;
  esac
}

md5_of() { md5sum <"$1" | cut -d ' ' -f 1; }

# Is the file the official one, packed as officially or anew, or unpacked?
is_right() { # file, MD5 packed, MD5 unpacked
  [[ -f $1 ]] || return 1
  local sum
  sum=$(md5_of "$1") || return 1
  [[ $sum != "$2" && $sum != "$3" ]] || return 0
  [[ $3 != - ]] && sum=$(gzip -dc "$1" 2>/dev/null | md5sum | cut -d ' ' -f 1) && [[ $sum == "$3" ]]
}

# Continues what is there. At a terminal with progress; elsewhere quietly, and the last line of an error becomes $reason.
download() { # url, file.part
  reason=''
  local command
  if command -v curl >/dev/null; then
    command=(curl --fail --location --retry 3 --connect-timeout 30 --continue-at - --output "$2" "$1")
    [[ -t 2 ]] || command+=(--silent --show-error)
  elif command -v wget >/dev/null; then
    command=(wget --tries 3 --timeout 30 --continue --output-document "$2" "$1")
    [[ -t 2 ]] && command+=(--quiet --show-progress) || command+=(--no-verbose)
  else
    fail 1 "curl: neither it nor wget is installed; install one, or give --from FOLDER"
  fi
  if [[ -t 2 ]]; then
    "${command[@]}"
  else
    local output code=0
    output=$("${command[@]}" 2>&1 </dev/null) || code=$?
    [[ $code == 0 ]] || reason=" (${output##*$'\n'})"
    return $code
  fi
}

# A right file of the name, or of that without .gz, is brought to DIR/NAME.part.
obtain() { # name, MD5 packed, MD5 unpacked
  local name=$1 part=$dir/$1.part found
  if [[ -n $from ]]; then
    for found in "$from/$name" "$from/${name%.gz}" "$from/$set/$name" "$from/$set/${name%.gz}"; do
      [[ -f $found ]] || continue
      is_right "$found" "$2" "$3" || fail 1 "$found: its checksum is not that of the official file; get it again"
      cp -- "$found" "$part" || fail 1 "$part: it cannot be written; free some space, or give another DIR"
      return 0
    done
    [[ $name != *.tar.gz || ! -d $from/$wanted ]] ||
      fail 1 "$from: it has no $name, but $wanted, which has no official checksum; use it where it is, as $set:$from"
    fail 1 "$from: it has no $name; give the folder of the official files, or leave --from out"
  fi
  # A part may already be whole; one that a server refuses to continue is begun anew.
  if ! is_right "$part" "$2" "$3"; then
    echo "$name: downloading from $url" >&2
    local code=0
    download "$url/$name" "$part" || code=$?
    if [[ -s $part && " 8 22 33 36 " == *" $code "* ]]; then
      code=0
      rm -f -- "$part"
      download "$url/$name" "$part" || code=$?
    fi
    [[ -s $part ]] || rm -f -- "$part"
    [[ $code == 0 ]] || fail 1 "$url/$name: the download failed$reason; run the same command again to continue it, or give --from FOLDER"
  fi
  if ! is_right "$part" "$2" "$3"; then
    rm -f -- "$part"
    fail 1 "$url/$name: what came has not the checksum of the official file; run the same command again, or give --from FOLDER"
  fi
}

# Gives what is right in DIR/NAME.part its name, packed or unpacked as wanted, whatever it was.
keep_file() { # name, wanted: its name here
  local part=$dir/$1.part wanted=$dir/$2 packed=no
  ! gzip -t <"$part" 2>/dev/null || packed=yes
  if [[ $packed == yes && $2 != *.gz ]]; then
    gzip -dc <"$part" >"$part.unpacked" && mv -- "$part.unpacked" "$part"
  elif [[ $packed == no && $2 == *.gz ]]; then
    gzip -nc <"$part" >"$part.packed" && mv -- "$part.packed" "$part"
  fi || fail 1 "$part: it cannot be written; free some space, or give another DIR"
  sync -- "$part" && mv -- "$part" "$wanted"
  echo "$wanted"
}

# Unpacks the archive beside its folder, which then gets its name; a list of checksums tells later that it is still as it was.
keep_archive() { # name, folder
  local part=$dir/$1.part new=$dir/$2.new
  rm -rf -- "$new"
  mkdir -- "$new"
  tar -xzf "$part" -C "$new" --no-same-owner --strip-components 1 ||
    { rm -rf -- "$new"; fail 1 "$part: it cannot be unpacked; free some space, or give another DIR"; }
  (cd "$new" && md5sum -- * >.md5 && mv .md5 MD5SUMS && sync -- *)
  rm -rf -- "${dir:?}/$2"
  mv -- "$new" "$dir/$2"
  rm -f -- "$part"
  echo "$dir/$2"
}

# A folder from elsewhere has no list of checksums: its sizes must do, and it is never replaced.
folder_is_right() { # folder
  [[ -d $1 ]] || return 1
  if [[ -f $1/MD5SUMS ]]; then
    (cd "$1" && md5sum --status -c MD5SUMS)
    return
  fi
  local sizes
  sizes=$(cd "$1" && wc -c -- *.bin 2>/dev/null | awk '$2 != "total" { printf "%s ", $1 }')
  case $set:$sizes in
    "cifar10:30730000 30730000 30730000 30730000 30730000 30730000 " | "cifar100:30740000 153700000 ") ;;
    *) fail 1 "$1: it is there already, but not whole; remove it, or give another DIR" ;;
  esac
}

# The name in DIR of what comes as the file.
name_here() { # name
  case $set in
    mnist) echo "$1" ;;
    multi30k) echo "${1%.gz}" ;;
    cifar10) echo cifar-10-batches-bin ;;
    cifar100) echo cifar-100-binary ;;
  esac
}

fetch() {
  local name packed unpacked wanted
  read -r url
  url=${mirror:-$url}
  url=${url%/}
  while read -r name packed unpacked; do
    wanted=$(name_here "$name")
    if [[ $unpacked == - ]] && folder_is_right "$dir/$wanted" || is_right "$dir/$wanted" "$packed" "$unpacked"; then
      echo "$dir/$wanted: there already, and right" >&2
      continue
    fi
    obtain "$name" "$packed" "$unpacked"
    if [[ $unpacked == - ]]; then
      keep_archive "$name" "$wanted"
    else
      keep_file "$name" "$wanted"
    fi
  done
}

set='' dir='' from='' mirror='' url='' reason=''
while [[ $# -gt 0 ]]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --from) [[ $# -ge 2 ]] || fail 2 "--from: the folder is missing; give one"; from=$2; shift ;;
    --from=*) from=${1#--from=} ;;
    --mirror) [[ $# -ge 2 ]] || fail 2 "--mirror: the address is missing; give one"; mirror=$2; shift ;;
    --mirror=*) mirror=${1#--mirror=} ;;
    -*) fail 2 "$1: there is no such option; see data/fetch.sh --help" ;;
    *)
      if [[ -z $set ]]; then set=$1; elif [[ -z $dir ]]; then dir=$1; else fail 2 "$1: one set and one folder are enough; see data/fetch.sh --help"; fi
      ;;
  esac
  shift
done
[[ -n $set ]] || fail 2 "SET: which data set?; see data/fetch.sh --help"
files_of "$set" >/dev/null || fail 2 "$set: there is no such data set; give mnist, cifar10, cifar100 or multi30k"
[[ -n $dir ]] || fail 2 "DIR: where to?; give a folder"
[[ -z $from || -d $from ]] || fail 2 "--from: $from is no folder; give the folder of the official files"
[[ -z $from || -z $mirror ]] || fail 2 "--mirror: --from takes files from a folder; give one of the two"
mkdir -p -- "$dir" 2>/dev/null || fail 1 "$dir: the folder cannot be made; give another"
[[ -w $dir ]] || fail 1 "$dir: the folder cannot be written; give another"
dir=$(cd -- "$dir" && pwd)
fetch < <(files_of "$set")
