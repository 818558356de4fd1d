#!/usr/bin/env bash
# The merge queue with several gates against one at a time: ENTRIES branches (50), a check that
# sleeps WAIT seconds (2), SLOTS gates (4); of the entries RATES per cent fail it (0 5 20). The
# check sleeps, so that the number of CPUs decides little. Said are wall time, and tests for each
# entry that landed. BATCHES are further sizes of queue.batch that are tried (8). Which entries fail
# is drawn by SPREAD, a seed (1). "even": each n-th does, which beats with the train at 20 per cent
# and 4 gates: all fail at the head of a full window, and three tests are for nothing each time.
. "$(dirname "$0")/lib.sh"
: "${ENTRIES:=50}" "${SLOTS:=4}" "${WAIT:=2}" "${RATES:=0 5 20}" "${SPREAD:=1}"
BATCHES=${BATCHES-8}
say_machine
echo "spread of the failing entries: $SPREAD"
echo "$ENTRIES entries, a check of $WAIT s; a round is wall time in s, tests for each landed entry"

# failing_entries RATE: the numbers of those that fail, a line each.
failing_entries()
{
	python3 - "$ENTRIES" "$1" "$SPREAD" <<'EOP'
import random, sys
entries, rate, spread = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if spread == "even":
    failing = [i for i in range(1, entries + 1) if i * rate // 100 > (i - 1) * rate // 100]
else:
    failing = random.Random(int(spread)).sample(range(1, entries + 1), entries * rate // 100)
print(*sorted(failing), sep="\n")
EOP
}

# make_entries FOLDER RATE: the branches e01 … and, in FOLDER.failing, the number that fails.
make_entries()
{
	local i

	make_repository "$1"
	cat >"$1/ganger.yaml" <<END
agents: {none: {command: ["false"]}}
queue:
  timeout: 5m
  check: |
    ls | grep -q ^entry || exit 0
    echo x >>"$1.tests"
    sleep $WAIT
    ! ls | grep -q ^fails
END
	git -C "$1" add -A
	git -C "$1" commit -q -m settings
	failing_entries "$2" >"$1.failing"
	for ((i = 1; i <= ENTRIES; i++)); do
		git -C "$1" switch -q -c "$(printf 'e%02d' "$i")" main
		echo "$i" >"$1/entry$i"
		! grep -qx "$i" "$1.failing" || echo "$i" >"$1/fails$i"
		git -C "$1" add -A
		git -C "$1" commit -q -m "entry $i"
	done
	git -C "$1" switch -q main
}

# take NAME RATE SLOTS BATCH: one round; its time is left in 'took', in ms.
take()
{
	local at=$bench_dir/$1 begun landed tests code failing

	make_entries "$at" "$2"
	failing=$(grep -c . "$at.failing")
	: >"$at.tests"
	"$GANGER" -C "$at" submit --epic q $(git -C "$at" for-each-ref --format='%(refname:short)' 'refs/heads/e*') \
		>/dev/null 2>"$at.err" || die "$(cat "$at.err")"
	begun=$(date +%s%3N)
	"$GANGER" -C "$at" -c queue.slots="$3" -c queue.batch="$4" run q >"$at.out" 2>&1
	code=$?
	took=$(($(date +%s%3N) - begun))
	landed=$(git -C "$at" rev-list --count --first-parent main..epic/q)
	tests=$(wc -l <"$at.tests")
	((code == (failing > 0))) || die "$1: exit code $code: $(tail -n 3 "$at.out")"
	((landed == ENTRIES - failing)) || die "$1: $landed landed"
	awk -v name="$1" -v ms="$took" -v t="$tests" -v l="$landed" \
		'BEGIN { printf "%-28s %7.1f s  %5.2f tests each\n", name, ms / 1000, t / l }'
}

for rate in $RATES; do
	take "fail$rate-one-at-a-time" "$rate" 1 1
	alone=$took
	for batch in 1 $BATCHES; do
		take "fail$rate-slots$SLOTS-batch$batch" "$rate" "$SLOTS" "$batch"
		awk -v a="$alone" -v b="$took" 'BEGIN { printf "%-28s %7.2f times faster\n", "", a / b }'
	done
done
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
