#!/usr/bin/env bash
# Landings a second with no check: ENTRIES branches (500) of a repository of FILES files (5000),
# each with one changed file, none in conflict. Beside ganger: 'git merge --no-ff' in a worktree,
# and the bare plumbing (merge-tree, commit-tree, update-ref), each in a loop, in the same run and
# with the same core.fsync. ROUNDS (3) are taken in turn; the best of each counts.
. "$(dirname "$0")/lib.sh"
: "${ENTRIES:=500}" "${FILES:=5000}" "${ROUNDS:=3}"
say_machine
echo "$ENTRIES branches, $FILES files, best of $ROUNDS"

# make_branches FOLDER
make_branches()
{
	make_repository "$1"
	printf 'agents: {none: {command: ["false"]}}\n' >"$1/ganger.yaml"
	git -C "$1" add -A
	git -C "$1" commit -q -m settings
	python3 - "$FILES" "$ENTRIES" <<'EOP' | git -C "$1" fast-import --quiet || exit
import sys
files, entries = int(sys.argv[1]), int(sys.argv[2])
who = "committer B <b@example.invalid> 1700000000 +0000"
def commit(ref, text, parent, changes, mark=""):
    print(f"commit {ref}\n{mark}{who}\ndata {len(text)}\n{text}\nfrom {parent}")
    for path, data in changes:
        print(f"M 644 inline {path}\ndata {len(data)}\n{data}")
def path(i):
    return f"d{i % 100}/f{i}.txt"
commit("refs/heads/main", "files", "refs/heads/main^0", ((path(i), f"{i}\n" * 20) for i in range(files)), "mark :1\n")
for n in range(entries):
    i = n * files // entries
    commit(f"refs/heads/entry-{n:04}", f"change {n}", ":1", [(path(i), f"changed {n}\n" * 20)])
EOP
	git -C "$1" reset -q --hard
	git -C "$1" pack-refs --all
	git -C "$1" branch epic main
}

# per_second NAME BEGUN: of ENTRIES since then, in ms; kept as the best of its name.
declare -A best
per_second()
{
	local took=$(($(date +%s%3N) - $2))

	[ -n "${best[$1]:-}" ] && [ "${best[$1]}" -le "$took" ] || best[$1]=$took
	awk -v name="$1" -v n="$ENTRIES" -v ms="$took" \
		'BEGIN { printf "%-12s %6.1f s  %6.1f a second\n", name, ms / 1000, n * 1000 / ms }'
}

by_git_merge()
{
	local at=$bench_dir/merge b begun

	make_branches "$at"
	git -C "$at" worktree add -q "$at.tree" epic
	begun=$(date +%s%3N)
	for b in $(git -C "$at" for-each-ref --format='%(refname:short)' 'refs/heads/entry-*'); do
		git -C "$at.tree" merge -q --no-ff -m "$b" "$b" || die "git merge $b"
	done
	per_second git-merge "$begun"
	rm -rf "$at" "$at.tree"
}

by_plumbing()
{
	local at=$bench_dir/plumbing b begun tree head new

	make_branches "$at"
	begun=$(date +%s%3N)
	head=$(git -C "$at" rev-parse epic)
	for b in $(git -C "$at" for-each-ref --format='%(refname:short)' 'refs/heads/entry-*'); do
		tree=$(git -C "$at" merge-tree --write-tree "$head" "$b") || die "merge-tree $b"
		new=$(git -C "$at" commit-tree "$tree" -p "$head" -p "$b" -m "$b") || die "commit-tree"
		git -C "$at" update-ref refs/heads/epic "$new" "$head" || die "update-ref"
		head=$new
	done
	per_second plumbing "$begun"
	rm -rf "$at"
}

# Its submitting, the opening of the run and the closing of the issues are in its time.
by_ganger()
{
	local at=$bench_dir/ganger begun

	make_branches "$at"
	git -C "$at" branch -q -D epic
	begun=$(date +%s%3N)
	"$GANGER" -C "$at" submit --epic q $(git -C "$at" for-each-ref --format='%(refname:short)' 'refs/heads/entry-*') \
		>/dev/null 2>"$at.err" || die "$(cat "$at.err")"
	per_second "submit" "$begun"
	begun=$(date +%s%3N)
	"$GANGER" -C "$at" run q >"$at.out" 2>&1 || die "$(tail -n 3 "$at.out")"
	per_second ganger "$begun"
	[ "$(git -C "$at" rev-list --count --first-parent main..epic/q)" = "$ENTRIES" ] || die "not all landed"
	rm -rf "$at"
	rm -rf "$XDG_STATE_HOME"
}

for ((round = 1; round <= ROUNDS; round++)); do
	by_git_merge
	by_plumbing
	by_ganger
done
awk -v g="${best[ganger]}" -v m="${best[git-merge]}" -v p="${best[plumbing]}" 'BEGIN {
	printf "ganger is %.2f times as fast as git merge (wanted: 2), %.0f %% of the plumbing (wanted: 90)\n",
		m / g, 100 * p / g }'
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg)"
