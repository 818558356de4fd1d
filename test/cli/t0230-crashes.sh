#!/usr/bin/env bash
# kill -9 of the supervisor after every kind of record, then 'run' again: the same result as
# without, each agent once, each landing once, nothing left. With GANGER_LONG each of the first
# five of a kind.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

scene
cat >>ganger.yaml <<'END'
limits: {max_concurrent: 4, grace: 200ms}
END
echo base >base && git add . && git commit -q -m more
root=$PWD
program agent <<'END'
#!/bin/bash
run=$T/runs/$GANGER_EPIC
mkdir -p "$run"
echo "start $GANGER_TITLE $GANGER_ATTEMPT" >>"$run/ran"
trap 'echo "killed $GANGER_TITLE $GANGER_ATTEMPT" >>"$run/ran"; exit 1' TERM INT HUP
first() { [ "$GANGER_ATTEMPT" = 1 ]; }
once() { mkdir "$run/once-$GANGER_TITLE" 2>/dev/null; }
# Somebody puts a commit onto the epic branch: its file, its line.
person()
{
	local tree
	export GIT_INDEX_FILE=$run/index
	git read-tree "$GANGER_EPIC_BRANCH"
	git update-index --add --cacheinfo "100644,$(echo "$2" | git hash-object -w --stdin),$1"
	tree=$(git write-tree)
	unset GIT_INDEX_FILE
	git update-ref "refs/heads/$GANGER_EPIC_BRANCH" \
		"$(git commit-tree "$tree" -p "$GANGER_EPIC_BRANCH" -m 'by a person')"
}
work() { echo "$GANGER_TITLE" >"$GANGER_TITLE" && git add -A && git commit -qm "Do $GANGER_TITLE"; }
code=0
case $GANGER_TITLE in
fails-once) first && code=3 || work ;;
red-once) first && echo bad >red || echo good >red ;;
later) once && code=75 || work ;;
nothing) echo 'ganger: nothing to do' ;;
leaves) echo left >leaves ;;
moves) person by-person person && work ;;
includes) work && git update-ref "refs/heads/$GANGER_EPIC_BRANCH" HEAD ;;
conflicts) if first; then person both person; echo agent >both; else work; fi ;;
rewinds) git update-ref "refs/heads/$GANGER_EPIC_BRANCH" main && work ;;
closes-*) "$GANGER" -C "$GANGER_ROOT" close "${GANGER_TITLE#closes-}" >/dev/null && work ;;
cancels-*) "$GANGER" -C "$GANGER_ROOT" cancel "${GANGER_TITLE#cancels-}" >/dev/null; work ;;
stops) "$GANGER" -C "$GANGER_ROOT" stop >/dev/null; work ;;
*) work ;;
esac
echo "end $GANGER_TITLE $GANGER_ATTEMPT" >>"$run/ran"
exit $code
END
sed -i "s|env: {T: |env: {GANGER: \"$GANGER\", T: |" ganger.yaml
git commit -q -a -m more

# plan NAME: its tasks, as Markdown; some need the number that a task will get.
plan()
{
	local next=$(($(ganger list --json 2>/dev/null | jq '[.. | .id? // empty | tonumber] | max // 0' 2>/dev/null || echo 0)))

	echo "# $1"
	case $1 in
	flow)
		printf -- '- [ ] %s\n' one fails-once red-once later nothing leaves
		printf -- '- [ ] two\n  after: one, leaves\n'
		;;
	moved) printf -- '- [ ] %s\n' moves after ;;
	already) printf -- '- [ ] includes\n' ;;
	conflict) printf -- '- [ ] conflicts\n- [ ] held\n  after: conflicts\n- [ ] apart\n' ;;
	rewritten) printf -- '- [ ] one\n- [ ] rewinds\n  after: one\n- [ ] held\n  after: rewinds\n' ;;
	esac
}

# canon: what came of the epic, without what differs from run to run.
canon()
{
	ganger status "$epic" --json | jq -r '.tasks[] | "\(.title) \(.state)"' | sort
	echo "tree:"
	git ls-tree -r "epic/$epic"
	echo "landed:"
	landings | tr ' ' '\n' | sort | uniq -c | awk '{ print $1 }'
	echo "pull requests:"
	ganger status "$epic" --json | jq -c '[.tasks[].pr // empty] | {n: length, max: ((max // 0) - ((min // 1) - 1))}'
	echo "agents:"
	sort "$T/runs/$epic/ran"
}

declare -A expected exits

# fresh NAME: an epic of this plan.
fresh()
{
	cd "$root" || exit 1
	plan "$1" >"$T/plan.md"
	epic=$(ganger import markdown "$T/plan.md" 2>/dev/null)
	sets=(-c 'queue.check=! grep -qx bad red 2>/dev/null' -c 'worktree.setup=true')
	[ "$1" = flow ] || sets=()
}

crash()
{
	code=0
	GANGER_FAILPOINT=$1 timeout -k 5 "$WAIT_S" "$GANGER" "${sets[@]}" run "$epic" --yes \
		>"$T/out" 2>"$T/err" || code=$?
}

# expect NAME: what comes of the plan without a crash.
expect()
{
	fresh "$1"
	crash ''
	exits[$1]=$code
	expected[$1]=$(canon)
	unlike "${expected[$1]}" '^killed' "$1: without a crash: exit $code" || note "$(cat "$T/err")"
}

# try NAME FAILPOINT: the same with one.
try()
{
	fresh "$1"
	crash "$2"
	if [ $code != 137 ]; then
		result 1 "$1: kill -9 at $2 was not reached: exit $code"
		return
	fi
	crash ''
	local now left
	now=$code$'\n'$(canon)
	left=$(of_us; git worktree list | tail -n +2)
	is "$now$left" "${exits[$1]}"$'\n'"${expected[$1]}" "$1: kill -9 at $2" || note "$(cat "$T/out")"
}

# each NAME FAILPOINT…: the n-th, for n of 1 (or as said with ':n'), or 1 to 5 where there are as many.
each()
{
	local name=$1 point n
	shift
	expect "$name"
	for point; do
		if [ -z "${GANGER_LONG:-}" ]; then
			try "$name" "$point"
			continue
		fi
		for n in 1 2 3 4 5; do
			fresh "$name"
			try "$name" "${point%:*}:$n"
		done
	done
}

# fd 9 shows the journal's own list: each kind of event that a task can see is tried above.
each flow START OPENED ISSUE EDGE SYNCED DONE DONE:3 PREPARED PREPARED:2 JOB_STARTED JOB_STARTED:3 \
	JOB_ENDED JOB_ENDED:4 COLLECTED COLLECTED:3 PULL MERGE_MADE LANDED LANDED:2 DUE \
	commit commit:2 commit:9 commit:20 carry-out carry-out:12 carry-out:25
each moved MOVED MERGE_MADE:2 LANDED
each already ALREADY
each conflict CONFLICT
each rewritten REWRITTEN
done_testing
