#!/bin/bash
# The whole real epic by ganger, by the bare script, and by the bare script with a worktree for each
# of its jobs that is used again; one after the other, several rounds, fresh repositories each time.
#
#	GANGER_SHARED=FOLDER bench/epic-ratio.sh      ROUNDS=2 JOBS=10
#
# Wall time and CPU time (of the program and of all it started: agents and git are in both) as ratios
# to the bare script of the same round. CPU time is steadier where others use the machine too.
set -eu
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-2} jobs=${JOBS:-10}
find_beads
say_machine
echo "real epic: $real_tasks tasks, $jobs agents at once, $rounds rounds"

by_ganger()
{
	make_real_epic "$bench_dir/repo" "$jobs"
	"$BENCH_TOOLS/measure" "$bench_dir/took.ganger" "$GANGER" -C "$bench_dir/repo" run real --yes \
		>"$bench_dir/log" 2>&1 || die "the run failed: $(tail -n 20 "$bench_dir/log")"
	counted epic/real ganger
	cp "$bench_dir/repo.waves" "$bench_dir/waves"
}

by_script()
{
	make_repository "$bench_dir/repo"
	"$BENCH_TOOLS/measure" "$bench_dir/took.$1" env POOL="$2" bash \
		"$bench_source/bench/bare-epic.sh" "$bench_dir/repo" "$bench_dir/waves" "$jobs" \
		"$real_agent" || die "the bare script failed"
	counted epic/bare "$1"
}

counted()
{
	local n

	n=$(git -C "$bench_dir/repo" rev-list --count --merges "$1")
	[ "$n" = $real_tasks ] || die "$1 has $n merges, not $real_tasks"
	echo "round $round, $2: $(cat "$bench_dir/took.$2")"
}

fresh()
{
	rm -rf "$bench_dir/repo" "$bench_dir"/repo.* "$XDG_STATE_HOME"
}

for ((round = 1; round <= rounds; round++)); do
	by_ganger
	fresh
	by_script bare ''
	fresh
	by_script pool 1
	fresh
	python3 - "$bench_dir" "$round" "$(cut -d ' ' -f 1 /proc/loadavg)" <<'EOP'
import sys
folder, round_, load = sys.argv[1:]
def took(name):
    d = dict((k, float(v)) for k, v in (p.split("=") for p in open(f"{folder}/took.{name}").read().split()))
    return d["wall_ms"] / 1e3, (d["user_ms"] + d["sys_ms"]) / 1e3
ganger, bare, pool = took("ganger"), took("bare"), took("pool")
for what, at in ("wall", 0), ("CPU", 1):
    print(f"round {round_}, {what}: ganger {ganger[at]:.1f} s, bare script {bare[at]:.1f} s, "
          f"ratio {ganger[at] / bare[at]:.2f} (wanted: at most 1.3); "
          f"with used worktrees {pool[at]:.1f} s, ratio {ganger[at] / pool[at]:.2f}; load after {load}",
          flush=True)
EOP
done
