#!/bin/bash
# The least that could bring an epic home: no journal, no shim, no queue, nothing after a crash.
# By dependency level: a worktree, the agent, a merge under one lock, the worktree's removal.
# usage: bare-epic.sh REPOSITORY WAVES JOBS AGENT      WAVES: a line a level, ids between spaces
set -eu
repository=$1 waves=$2 jobs=$3 agent=$4
trees=$(mktemp -d "$repository.trees.XXXX")
trap 'rm -rf "$trees"' EXIT
cd "$repository"
git() { command git -c gc.auto=0 -c core.fsync=committed,loose-object,reference "$@"; }
git branch -q epic/bare

one() {
	local id=$1 tree=$trees/$1 head old merged commit
	git worktree add -q --no-track -b "bare/$id" "$tree" epic/bare
	(cd "$tree" && GANGER_TASK=$id sh -c "$agent")
	head=$(git rev-parse "bare/$id")
	exec 9>"$trees/lock"
	flock 9
	old=$(git rev-parse epic/bare)
	merged=$(git merge-tree --write-tree "$old" "$head")
	commit=$(git commit-tree -p "$old" -p "$head" -m "$id" "$merged")
	git update-ref refs/heads/epic/bare "$commit" "$old"
	flock -u 9
	git worktree remove --force "$tree"
}
export -f one git
export trees agent

while read -r level; do
	printf '%s\n' $level | xargs -P "$jobs" -I{} bash -euc 'one "$1"' one {}
done <"$waves"
