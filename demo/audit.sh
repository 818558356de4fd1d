#!/bin/sh
# Look at what a run left, with git, make and ps alone.
#   audit.sh EPIC PLAN BEFORE    in the user's checkout; BEFORE: a copy of it from before the run
# (Whatever the demo starts has XDG_STATE_HOME below the checkout's parent; we have not.)
set -u
epic=$1 plan=$2 before=$3 clone=$3.audit bad=0

check() # check WHAT FOUND: nothing should be found
{
	[ -z "$2" ] && echo "ok     $1" && return
	printf 'WRONG  %s\n%s\n' "$1" "$2" && bad=1
}

landings=$(git log --first-parent --format='%H %(trailers:key=Ganger-Task,valueonly,separator=)' "main..epic/$epic")
landing_of() { echo "$landings" | sed -n "s/ $1\$//p"; }
tasks=$(seq "$(grep -c '^- \[ \]' "$plan")")
needs=$(awk '/^- \[ \]/ { task++ } sub(/^ +after: /, "") { gsub(",", " "); for (i = 1; i <= NF; i++) print task, $i }' "$plan")

check "each task landed once: $(echo "$tasks" | wc -l) tasks" "$(for task in $tasks; do
	[ "$(landing_of "$task" | wc -w)" = 1 ] || echo "task $task: $(landing_of "$task")"; done)"
check "what a task needs is an ancestor of its work: $(echo "$needs" | wc -l) dependencies" \
	"$(echo "$needs" | while read -r task need; do
		git merge-base --is-ancestor "$(landing_of "$need")" "$(landing_of "$task")^2" || echo "task $task: $need"; done)"
git clone -q --shared --no-checkout . "$clone"
check "every landed commit builds and passes its tests: $(echo "$landings" | wc -l) commits" \
	"$(for commit in $(echo "$landings" | cut -d' ' -f1); do
		git -C "$clone" checkout -q "$commit"
		make -s -C "$clone" clean test >"$clone/log" 2>&1 || { echo "$commit:"; cat "$clone/log"; }; done)"
check "the user's checkout, index and configuration are byte-identical" \
	"$(diff -r -x objects -x refs -x logs -x ganger "$before" .)"
# shellcheck disable=SC2009 # pgrep does not see environments
check "no process and no worktree is left" \
	"$(ps axeww -o pid,args | grep "[X]DG_STATE_HOME=$(cd .. && pwd)/"; git worktree list | sed 1d)"
exit $bad
