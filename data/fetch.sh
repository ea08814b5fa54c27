#!/usr/bin/env bash
# Brings public data sets here and checks them; see usage below. Needs curl or wget, md5sum, gzip, tar.
#
# Each set is a file of data/fetch/, named as it: what the set is, in one line each, and its official files:
#   holds, reads, size   what DIR then holds, the command that reads it, how large it is: for --help
#   url                  the folder that the files lie in
#   file                 name, MD5 of the file, MD5 of what it unpacks to, name in DIR where that is another
#   folder               name of an archive, its MD5, the folder that it becomes
#   sizes                of the files *.bin of a folder that came from elsewhere, and so has no list of checksums
set -euo pipefail

sets=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)/fetch

rows() { # set, key: what stands behind the key in its file, a line each
  sed -n "s/^$2  *//p" "$sets/$1"
}

list_sets() { # "a, b or c"
  local names=("$sets"/*) text='' i
  for i in "${!names[@]}"; do
    [[ $i == 0 ]] || { [[ $((i + 1)) == "${#names[@]}" ]] && text+=' or ' || text+=', '; }
    text+=${names[i]##*/}
  done
  echo "$text"
}

usage() {
  local file name
  cat <<'TEXT'
Bring a public data set into a folder, as temper reads it, and check that it is the official one.
Usage: data/fetch.sh SET DIR [--from FOLDER | --mirror URL]

SET, what DIR then holds, and how temper reads it:
TEXT
  for file in "$sets"/*; do
    name=${file##*/}
    printf '  %-10s %-48s  %-26s  %s\n' "$name" "$(rows "$name" holds)" "$(rows "$name" reads)" "$(rows "$name" size)"
  done
  cat <<'TEXT'

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

md5_of() { md5sum <"$1" | cut -d ' ' -f 1; }

# Is the file the official one, packed as officially or anew, or unpacked?
is_right() { # file, MD5 packed, MD5 unpacked (empty: of an archive)
  [[ -f $1 ]] || return 1
  local sum
  sum=$(md5_of "$1") || return 1
  [[ $sum != "$2" && $sum != "$3" ]] || return 0
  [[ -n $3 ]] && sum=$(gzip -dc "$1" 2>/dev/null | md5sum | cut -d ' ' -f 1) && [[ $sum == "$3" ]]
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
obtain() { # name, MD5 packed, MD5 unpacked, name in DIR
  local name=$1 part=$dir/$1.part wanted=$4 found
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
  [[ ${sizes% } == "$(rows "$set" sizes)" ]] || fail 1 "$1: it is there already, but not whole; remove it, or give another DIR"
}

fetch() {
  local name packed unpacked wanted
  while read -r name packed wanted; do
    if folder_is_right "$dir/$wanted"; then
      echo "$dir/$wanted: there already, and right" >&2
      continue
    fi
    obtain "$name" "$packed" '' "$wanted"
    keep_archive "$name" "$wanted"
  done < <(rows "$set" folder)
  while read -r name packed unpacked wanted; do
    wanted=${wanted:-$name}
    if is_right "$dir/$wanted" "$packed" "$unpacked"; then
      echo "$dir/$wanted: there already, and right" >&2
      continue
    fi
    obtain "$name" "$packed" "$unpacked" "$wanted"
    keep_file "$name" "$wanted"
  done < <(rows "$set" file)
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
[[ $set =~ ^[a-z0-9_]+$ && -f $sets/$set ]] || fail 2 "$set: there is no such data set; give $(list_sets)"
[[ -n $dir ]] || fail 2 "DIR: where to?; give a folder"
[[ -z $from || -d $from ]] || fail 2 "--from: $from is no folder; give the folder of the official files"
[[ -z $from || -z $mirror ]] || fail 2 "--mirror: --from takes files from a folder; give one of the two"
mkdir -p -- "$dir" 2>/dev/null || fail 1 "$dir: the folder cannot be made; give another"
[[ -w $dir ]] || fail 1 "$dir: the folder cannot be written; give another"
dir=$(cd -- "$dir" && pwd)
url=${mirror:-$(rows "$set" url)}
url=${url%/}
fetch
