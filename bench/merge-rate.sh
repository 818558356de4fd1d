#!/bin/bash
# Landings a second, with no gate: ganger, 'git merge --no-ff' in a worktree, and the bare plumbing.
#
#	bench/merge-rate.sh      FILES=5000 BRANCHES=500 ROUNDS=1
#
# BRANCHES branches, each with one commit that changes a file of its own, in a repository of FILES files.
# ganger: 'submit' puts all into the queue (not measured), 'run' lands them, from its start to its end.
# The other two merge them one after the other, into a branch each; all three with the same core.fsync.
set -eu
. "$(dirname "$0")/lib.sh"
files=${FILES:-5000} branches=${BRANCHES:-500} rounds=${ROUNDS:-1}
say_machine
echo "landings: $branches branches, $files files, $rounds rounds"

# A stream for fast-import: all the files in one commit, then a branch for each of the first.
stream()
{
	python3 - "$files" "$branches" <<'EOP'
import sys
files, branches = map(int, sys.argv[1:])
out = sys.stdout
def name(i):
    return f"d{i % 97}/e{i % 13}/f{i}.txt"
def text(i, more=""):
    return "".join(f"line {k} of {i}\n" for k in range(20)) + more
def commit(ref, at, message):
    out.write(f"commit {ref}\nmark :{at - 1699999999}\ncommitter Bench <bench@example.invalid> {at} +0000\ndata {len(message)}\n{message}\n")
def put(path, data):
    out.write(f"M 100644 inline {path}\ndata {len(data)}\n{data}\n")
commit("refs/heads/files", 1700000000, "files")
for i in range(files):
    put(name(i), text(i))
for b in range(branches):
    commit(f"refs/heads/change-{b}", 1700000001 + b, f"change {b}")
    out.write("from :1\n")
    put(name(b * (files // branches)), text(b, "changed\n"))
EOP
}

fresh()
{
	cd "$bench_dir"
	rm -rf "$bench_dir/repo" "$bench_dir/tree" "$XDG_STATE_HOME"
	make_repository "$bench_dir/repo"
	stream | git -C "$bench_dir/repo" fast-import --quiet
	git -C "$bench_dir/repo" checkout -q -f -B main files
	cd "$bench_dir/repo"
	names=()
	for ((b = 0; b < branches; b++)); do
		names+=("change-$b")
	done
}

landed()
{
	local n

	n=$(git rev-list --count --first-parent "main..$1")
	[ "$n" = "$branches" ] || die "$1 has $n landings, not $branches"
	[ "$(git diff --name-only main "$1" | wc -l)" = "$branches" ] || die "$1 lacks changes"
}

by_ganger()
{
	fresh
	"$GANGER" submit --epic rate "${names[@]}" >/dev/null 2>"$bench_dir/err" || die "$(cat "$bench_dir/err")"
	"$BENCH_TOOLS/measure" "$bench_dir/took.ganger" "$GANGER" run rate --yes >"$bench_dir/log" 2>&1 ||
		die "the run failed: $(tail -n 20 "$bench_dir/log")"
	landed epic/rate
}

by_merge()
{
	fresh
	git worktree add -q -b merged "$bench_dir/tree" main
	# shellcheck disable=SC2016  # for the other shell
	"$BENCH_TOOLS/measure" "$bench_dir/took.merge" bash -euc '
		cd "$1" && shift
		for b; do git merge -q --no-ff -m "$b" "$b"; done' merge "$bench_dir/tree" "${names[@]}"
	landed merged
}

by_plumbing()
{
	fresh
	git branch plumbed main
	# shellcheck disable=SC2016
	"$BENCH_TOOLS/measure" "$bench_dir/took.plumbing" bash -euc '
		for b; do
			old=$(git rev-parse plumbed)
			tree=$(git merge-tree --write-tree "$old" "$b")
			new=$(git commit-tree -p "$old" -p "$b" -m "$b" "$tree")
			git update-ref refs/heads/plumbed "$new" "$old"
		done' plumbing "${names[@]}"
	landed plumbed
}

for ((round = 1; round <= rounds; round++)); do
	by_ganger
	by_merge
	by_plumbing
	python3 - "$bench_dir" "$round" "$branches" "$(cut -d ' ' -f 1 /proc/loadavg)" <<'EOP'
import sys
folder, round_, n, load = sys.argv[1:]
def wall(name):
    d = dict(p.split("=") for p in open(f"{folder}/took.{name}").read().split())
    return float(d["wall_ms"]) / 1e3, (float(d["user_ms"]) + float(d["sys_ms"])) / 1e3
for i, what in enumerate(("wall", "CPU")):
    g, m, p = (wall(x)[i] for x in ("ganger", "merge", "plumbing"))
    print(f"round {round_}, {what}: ganger {g:.1f} s ({int(n) / g:.0f} a second), git merge {m:.1f} s, plumbing {p:.1f} s; "
          f"rate to git merge {m / g:.2f}, to the plumbing {p / g:.2f}; load after {load}", flush=True)
EOP
done
