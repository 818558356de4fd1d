#!/bin/bash
# The least that could bring an epic home: no journal, no shim, no queue, nothing after a crash.
# By dependency level: a worktree, the agent, a merge under one lock, the worktree's removal.
# It stops at the first thing that fails (255 tells xargs to start nothing more).
#
#	bare-epic.sh REPOSITORY WAVES JOBS AGENT
#
# WAVES has a line a level with the ids of its tasks between blanks; AGENT is for 'sh -c' and is
# told its task in GANGER_TASK. The branch epic/bare is made from what is checked out.
# With POOL=1 each of the JOBS keeps one worktree, which is moved on and cleaned for each task.
#
# 'git worktree add' looks at every worktree there is, and fails over one that another process is
# making or removing at that moment; so adding and removing have a lock of their own, for the
# books alone: the files are checked out outside of it ('--no-checkout', then the same
# 'git reset --hard' that 'worktree add' would run).
set -eu
repository=$1 waves=$2 jobs=$3 agent=$4
trees=$(mktemp -d "$repository.trees.XXXXXX")
cd "$repository"
trap 'rm -rf "$trees"; git worktree prune' EXIT
git() { command git -c gc.auto=0 -c core.fsync=committed,loose-object,reference "$@"; }
git branch -q epic/bare

add_tree() {
	flock 8
	git worktree add -q --no-checkout "$@"
} 8>"$trees/.books"

remove_tree() {
	flock 8
	git worktree remove --force "$1"
} 8>"$trees/.books"

open_tree() {
	local id=$1 tree=$2

	if [ ! "${POOL:-}" ]; then
		add_tree --no-track -b "bare/$id" "$tree" epic/bare
		git -C "$tree" reset -q --hard
		return
	fi
	[ -e "$tree" ] || add_tree --detach "$tree" epic/bare
	git -C "$tree" checkout -q -f --no-track -B "bare/$id" epic/bare
	git -C "$tree" clean -ffdxq
}

merge() {
	local id=$1 head=$2 old merged commit

	flock 9
	old=$(git rev-parse epic/bare)
	merged=$(git merge-tree --write-tree "$old" "$head")
	commit=$(git commit-tree -p "$old" -p "$head" -m "$id" "$merged")
	git update-ref refs/heads/epic/bare "$commit" "$old"
} 9>"$trees/.merge"

one() {
	local id=$1 tree=$trees/${POOL:+slot$SLOT}

	[ "${POOL:-}" ] || tree=$trees/$id
	open_tree "$id" "$tree"
	(cd "$tree" && GANGER_TASK=$id sh -c "$agent")
	merge "$id" "$(git rev-parse "bare/$id")"
	[ "${POOL:-}" ] || remove_tree "$tree"
}
export -f git add_tree remove_tree open_tree merge one
export trees agent

while read -r level; do
	# shellcheck disable=SC2086
	printf '%s\n' $level |
		xargs -P "$jobs" --process-slot-var=SLOT -I{} \
			bash -euc 'trap "[ \$? = 0 ] || exit 255" EXIT; one "$1"' one {}
done <"$waves"
