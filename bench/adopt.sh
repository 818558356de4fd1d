#!/bin/bash
# After kill -9 with 2,000 tasks and 10 live agents: how soon a new supervisor, which may have 11 at
# once, has adopted all of them and claimed the next task.
#
#	bench/adopt.sh        ROUNDS=5 TASKS=2000
#
# It counts from before the program is started to the times the journal has: of the last of the
# ten agents known again, and of the answer that the claim is made.
set -eu
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-5} tasks=${TASKS:-2000}
repository=$bench_dir/repo
make_waiting "$repository" "$tasks"
say_machine
: >"$bench_dir/began"
for ((round = 1; round <= rounds; round++)); do
	: >"$bench_dir/stamps"
	"$GANGER" -C "$repository" run waiting --yes --max-concurrent 10 >"$bench_dir/log" 2>&1 &
	run=$!
	wait_started 10
	sleep 1.5
	kill -9 $run
	wait $run 2>/dev/null || true
	echo "${EPOCHREALTIME/./}" >>"$bench_dir/began"
	"$GANGER" -C "$repository" run waiting --yes --max-concurrent 11 >"$bench_dir/log" 2>&1 &
	run=$!
	wait_started 11
	sleep 0.5
	kill -TERM $run
	sleep 0.1
	kill -TERM $run
	wait $run || true
done
[ ! "$(processes_left)" ] || die "processes left: $(processes_left)"
python3 - "$bench_dir/began" "$(echo "$XDG_STATE_HOME"/ganger/*/waiting/journal.db)" <<'EOP'
import sqlite3, statistics, sys
began = [int(x) / 1e3 for x in open(sys.argv[1])]
db = sqlite3.connect(sys.argv[2])
starts = [i for (i,) in db.execute("select id from trace where kind = 'START' order by id")][1::2]
adopted, claimed = [], []
for t, start in zip(began, starts):
    known = db.execute("select wall_ms from trace where kind = 'JOB_STARTED' and wall_ms >= ?"
                       " order by id limit 10", (t - 1,)).fetchall()
    (done,) = db.execute("select min(wall_ms) from trace where kind = 'DONE' and task is not null"
                         " and id > ?", (start,)).fetchone()
    adopted.append(known[-1][0] - t)
    claimed.append(done - t)
for name, v in ("all ten adopted", adopted), ("the next claim made", claimed):
    print(f"{name}: after {statistics.median(v):.0f} ms (median of {len(v)}; {min(v):.0f} to {max(v):.0f})"
          + (" (wanted: at most 250)" if v is claimed else ""))
EOP
