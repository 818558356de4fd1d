#!/bin/bash
# What is ours of a dispatch, and many at once.
#
#	bench/dispatch.sh         SESSIONS=10000 ISSUES="25 100 1000"
#
# A dispatch is registered, durably, and its session's prompt is written once the agent's server has a
# session open; between the two Git makes a worktree and the server starts, which are not ours. Both
# parts are measured: the library's call, one issue at a time, beside a write and sync of one page in
# the same folder, with 10 to 10,000 sessions in the journal; and on the stand-in for a server
# (server.c) from its answer to 'session.create' until 'session.send' has come. Then issues are
# dispatched at once with 'max_concurrent: 10': none may be refused, nor more than ten be at work.
# On a disk, since it is about syncs: BENCH_DIR names a folder there (/var/tmp).
set -eu
: "${BENCH_DIR:=/var/tmp}"
. "$(dirname "$0")/lib.sh"
sessions=${SESSIONS:-10000}

# begin NAME N LIMIT: a repository with N issues, its server and limit; ids in $ids, and go into it.
begin()
{
	local i

	mkdir "$bench_dir/$1"
	make_repository "$bench_dir/$1/repo"
	cd "$bench_dir/$1/repo"
	cat >ganger.yaml <<EOY
agents: {it: {kind: copilot, command: exec "$BENCH_TOOLS/server" "$bench_dir/$1"}}
limits: {max_concurrent: $3}
EOY
	{
		echo '# many'
		for ((i = 1; i <= $2; i++)); do
			echo "- [ ] task $i"
		done
	} >"$bench_dir/plan.md"
	"$GANGER" import markdown "$bench_dir/plan.md" --epic many >/dev/null 2>&1 || die "the import failed"
	ids=$bench_dir/$1/ids
	"$GANGER" plan many --json | python3 -c 'import json, sys; print(*json.load(sys.stdin)["ready"], sep="\n")' >"$ids"
}

say_machine
# idle NAME N: a repository with N issues, where one agent is at work and nothing else is to be done.
idle()
{
	begin "$1" "$2" 1
	echo 'agents: {it: {command: sleep 86400}}
limits: {max_concurrent: 1, grace: 100ms}' >ganger.yaml
}

idle few 210
"$BENCH_TOOLS/dispatch" few "$ids" "$GANGER" "$bench_dir/few"
idle register "$sessions"
"$BENCH_TOOLS/dispatch" register "$ids" "$GANGER" "$bench_dir/register"

# sent FOLDER LIMIT: what the server saw.
sent()
{
	python3 - "$1/sessions" "$2" <<'EOP'
import statistics, sys
lines = [[float(x) for x in line.split()] for line in open(sys.argv[1])]
changes = sorted([(b, 1) for b, _, _ in lines] + [(e, -1) for _, e, _ in lines])
most = now = 0
for _, change in changes:
    now += change
    most = max(most, now)
sent = sorted(s for _, _, s in lines)
print(f"{len(lines):5} sessions: {most} at work at most (wanted: at most {sys.argv[2]}); session open to "
      f"'session.send': p50 {statistics.median(sent):.2f} ms, p90 {sent[len(sent) * 9 // 10]:.2f} ms")
EOP
}

begin alone 50 1
"$BENCH_TOOLS/dispatch" all "$ids" "$GANGER"
sent "$bench_dir/alone" 1
for n in ${ISSUES:-25 100 1000}; do
	begin "many$n" "$n" 10
	"$BENCH_TOOLS/dispatch" all "$ids" "$GANGER"
	sent "$bench_dir/many$n" 10
done
