#!/bin/sh
# static.sh CC AR OBJCOPY OUT PARTS ARCHIVE...: one archive with one object, of which nobody sees
# more than ganger_*: all of PARTS, and of the other archives what that needs.
set -eu
cc=$1 ar=$2 objcopy=$3 out=$4 parts=$5
shift 5
# shellcheck disable=SC2086 # CC may be more than one word
$cc -r -nostdlib -o "$out.o" -Wl,--whole-archive "$parts" -Wl,--no-whole-archive \
	-Wl,--start-group "$@" -Wl,--end-group
"$objcopy" -w --keep-global-symbol='ganger_*' "$out.o"
rm -f "$out"
"$ar" rcs "$out" "$out.o"
rm -f "$out.o"
