#!/usr/bin/env bash
# The merge queue with several gates against one at a time: ENTRIES branches (50), a check that
# sleeps WAIT seconds (2), SLOTS gates (4); of the entries RATES per cent fail it (0 5 20). The
# check sleeps, so that the number of CPUs decides little. Said are wall time, and tests for each
# entry that landed. BATCHES are further sizes of queue.batch that are tried (8).
. "$(dirname "$0")/lib.sh"
: "${ENTRIES:=50}" "${SLOTS:=4}" "${WAIT:=2}" "${RATES:=0 5 20}" "${BATCHES:=8}"
say_machine
echo "$ENTRIES entries, a check of $WAIT s; a round is wall time in s, tests for each landed entry"

# make_entries FOLDER RATE: the branches e01 … and, in FOLDER.failing, the number that fails.
make_entries()
{
	local i failing=0

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
	for ((i = 1; i <= ENTRIES; i++)); do
		git -C "$1" switch -q -c "$(printf 'e%02d' "$i")" main
		echo "$i" >"$1/entry$i"
		# Spread evenly: the i-th fails where the rate's multiple passes a whole number.
		if ((i * $2 / 100 > (i - 1) * $2 / 100)); then
			echo "$i" >"$1/fails$i"
			failing=$((failing + 1))
		fi
		git -C "$1" add -A
		git -C "$1" commit -q -m "entry $i"
	done
	git -C "$1" switch -q main
	echo "$failing" >"$1.failing"
}

# take NAME RATE SLOTS BATCH: one round; its time is left in 'took', in ms.
take()
{
	local at=$bench_dir/$1 begun landed tests code

	make_entries "$at" "$2"
	: >"$at.tests"
	"$GANGER" -C "$at" submit --epic q $(git -C "$at" for-each-ref --format='%(refname:short)' 'refs/heads/e*') \
		>/dev/null 2>"$at.err" || die "$(cat "$at.err")"
	begun=$(date +%s%3N)
	"$GANGER" -C "$at" -c queue.slots="$3" -c queue.batch="$4" run q >"$at.out" 2>&1
	code=$?
	took=$(($(date +%s%3N) - begun))
	landed=$(git -C "$at" rev-list --count --first-parent main..epic/q)
	tests=$(wc -l <"$at.tests")
	((code == ($(cat "$at.failing") > 0))) || die "$1: exit code $code: $(tail -n 3 "$at.out")"
	((landed == ENTRIES - $(cat "$at.failing"))) || die "$1: $landed landed"
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
