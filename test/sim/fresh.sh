#!/bin/sh
# fresh.sh GANGER-SIM SEEDS SECONDS: seeds that this commit alone is tried on. Their start is made from the
# commit, so that a failure can be had again; where there is no git, from a fixed number. What does not fit
# into SECONDS is not run, and the last line says how many were; where CI is set, all must be.
sim=$1 seeds=$2 seconds=$3
commit=$(git -C "$(dirname "$0")" rev-parse HEAD 2>/dev/null) || commit=5eed5eed
from=$((0x$(printf %.8s "$commit") * seeds))
range=$from..$((from + seeds - 1))
echo "commit $commit, seeds $range, for at most $seconds s"
said=$("$sim" --seeds "$range" --jobs 2 --seconds "$seconds")
rc=$?
echo "$said"
if [ "$rc" -eq 0 ] && [ -n "$CI" ] && [ "${said%% *}" -ne "$seeds" ]; then
	echo "too slow: $seeds were asked for, in $seconds s" >&2
	exit 1
fi
[ "$rc" -eq 0 ] && exit 0
echo "again: ganger-sim --seeds $range --jobs 2, at commit $commit" >&2
exit 1
