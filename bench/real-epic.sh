#!/bin/bash
# The main job on real input: 1,473 issues of a real tracker with the 234 'blocks' edges among
# them, run by an agent that appends a line to a file of its own and commits, while the supervisor
# is killed with -9 at random moments and started again. Then everything is looked at from outside.
#
#	GANGER_SHARED=FOLDER bench/real-epic.sh
#
#	KILLS=20   how often (0: not at all)      JOBS=10   agents at once
#	SEED=N     of the moments                 (and those of lib.sh)
#
# Prints what was checked and what it took; exit 1 when a check does not hold.
set -u
. "$(dirname "$0")/lib.sh"
kills=${KILLS:-20} jobs=${JOBS:-10} seed=${SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed
repository=$bench_dir/repo
find_beads
make_real_epic "$repository" "$jobs"
before=$(checkout_sum "$repository")
reflog=$repository/.git/logs/refs/heads/epic/real
took=$bench_dir/took
: >"$took"

landed()
{
	local n

	n=$(wc -l 2>/dev/null <"$reflog") || n=0
	echo "$n"
}

start()
{
	"$BENCH_TOOLS/measure" "$bench_dir/took.one" "$GANGER" -C "$repository" run real --yes \
		>>"$bench_dir/run.log" 2>&1 &
	runner=$!
}

# The supervisor below the measuring program; empty when it has ended.
supervisor()
{
	cat "/proc/$runner/task/$runner/children" 2>/dev/null
}

end_of_run()
{
	wait "$runner"
	code=$?
	cat "$bench_dir/took.one" >>"$took"
}

say_machine
echo "real epic: $jobs agents at once, $kills kills, seed $seed"
began=$EPOCHREALTIME
start
killed=0
# Moments spread over the whole epic: so many landings, then up to 200 ms more.
for at in $(for ((i = 0; i < kills; i++)); do
	echo $((RANDOM * (real_tasks - 20) / 32768))
done | sort -n); do
	while [ "$(landed)" -lt "$at" ] && [ "$(supervisor)" ]; do
		sleep 0.02
	done
	sleep "0.$(printf %03d $((RANDOM % 200)))"
	pid=$(supervisor)
	[ "$pid" ] || break
	# shellcheck disable=SC2086
	kill -9 $pid && killed=$((killed + 1))
	end_of_run
	start
done
end_of_run
wall=$(python3 -c "print(f'{$EPOCHREALTIME - $began:.1f}')")

failed=0
check()
{
	if [ "$2" = "$3" ]; then
		echo "ok: $1: $3"
	else
		echo "FAILED: $1: $3, not $2"
		failed=1
	fi
}

check "exit code of the run" 0 "$code"
[ "$code" = 0 ] || tail -n 20 "$bench_dir/run.log"
check "times it was killed" "$kills" "$killed"
check "processes left" "" "$(processes_left)"
check "the checkout, its index, HEAD and configuration" "$before" "$(checkout_sum "$repository")"
check "worktrees beside the checkout" 1 "$(git -C "$repository" worktree list | wc -l)"
journal=$(echo "$XDG_STATE_HOME"/ganger/*/real/journal.db)
python3 "$bench_source/bench/check-epic.py" "$beads" "$repository" "$journal" \
	$real_tasks $real_edges || failed=1
python3 - "$took" "$wall" "$killed" "$(cat "$journal"* | wc -c)" $real_tasks <<'EOP'
import sys
took, wall, killed, journal, tasks = sys.argv[1], *map(float, sys.argv[2:])
rows = [dict((k, float(v)) for k, v in (p.split("=") for p in line.split())) for line in open(took)]
cpu = sum(r["user_ms"] + r["sys_ms"] for r in rows) / 1e3
print(f"took: {wall:.1f} s" + (f" with {killed:.0f} restarts" if killed else
      f", {cpu:.1f} s of CPU with agents and git, {rows[0]['own_ms'] / 1e3:.1f} s of it the supervisor's own"))
print(f"memory of the supervisor at its peak: {max(r['anonymous_kb'] for r in rows) / 1024:.1f} MiB "
      f"anonymous, {max(r['private_kb'] for r in rows) / 1024:.1f} MiB private of all kinds")
print(f"journal at the end: {journal / tasks:.0f} bytes a task")
EOP
exit $failed
