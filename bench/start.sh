#!/bin/bash
# From "a slot is free and a task is ready" to the agent's first instruction: the claim made
# durable, the worktree with 50 files made in a slot that was never used, the job started. Beside
# it, alternating with it, 'git worktree add --no-track -b' in the same repository.
#
#	bench/start.sh        ROUNDS=40
#
# Each round is a run of an epic of one task. It counts from the turn that decides to claim (the
# journal's time of the event that made the run able to: the last before the claim, whole
# milliseconds rounded down) to the clock read by the agent's first line. git is timed from before
# it is started to after it has ended.
set -eu
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-40}
repository=$bench_dir/repo stamps=$bench_dir/stamps
make_repository "$repository"
cat >"$repository/ganger.yaml" <<EOY
agent: stamp
agents:
  stamp:
    command: ["$BENCH_TOOLS/stamp", "$stamps"]
EOY
cd "$repository"
say_machine
: >"$stamps"
: >"$bench_dir/bare"
for ((i = 1; i <= rounds; i++)); do
	epic=$("$GANGER" add "epic $i")
	task=$("$GANGER" add "task of $i" --epic "$epic")
	echo "$epic $task" >>"$bench_dir/ids"
	"$GANGER" run "$epic" --yes >"$bench_dir/log" 2>&1 || die "a run failed: $(cat "$bench_dir/log")"
	before=$EPOCHREALTIME
	git worktree add -q --no-track -b "bare/$i" "$bench_dir/tree" main 2>/dev/null
	after=$EPOCHREALTIME
	echo "$before $after" >>"$bench_dir/bare"
	git worktree remove --force "$bench_dir/tree"
done
python3 - "$bench_dir" "$XDG_STATE_HOME" <<'EOP'
import glob, sqlite3, statistics, sys
folder, state = sys.argv[1:]
began = dict((t, int(ns)) for t, what, ns in map(str.split, open(folder + "/stamps")) if what == "start")
ours = []
for epic, task in map(str.split, open(folder + "/ids")):
    (path,) = glob.glob(f"{state}/ganger/*/{epic}/journal.db")
    db = sqlite3.connect(path)
    # The claim's answer; the event before it is the one that let the claim be made.
    (claimed,) = db.execute("select min(id) from trace where task = ? and kind = 'DONE'", (task,)).fetchone()
    (ms,) = db.execute("select max(wall_ms) from trace where id < ?", (claimed,)).fetchone()
    ours.append(began[task] / 1e6 - ms)
bare = [(float(b) - float(a)) * 1e3 for a, b in map(str.split, open(folder + "/bare"))]
def line(name, v):
    v = sorted(v)
    print(f"{name}: p50 {statistics.median(v):.1f} ms, p10 {v[len(v) // 10]:.1f}, p90 {v[len(v) * 9 // 10]:.1f}")
line("slot free and task ready to the agent's exec", ours)
line("git worktree add --no-track -b", bare)
ratio = statistics.median(ours) / statistics.median(bare)
print(f"ratio of the p50s: {ratio:.2f} (wanted: at most 1.5)")
EOP
