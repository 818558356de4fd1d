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
	local at tree
	at=$(git rev-parse "$GANGER_EPIC_BRANCH")
	export GIT_INDEX_FILE=$run/index
	git read-tree "$at"
	git update-index --add --cacheinfo "100644,$(echo "$2" | git hash-object -w --stdin),$1"
	tree=$(git write-tree)
	unset GIT_INDEX_FILE
	git update-ref "refs/heads/$GANGER_EPIC_BRANCH" \
		"$(git commit-tree "$tree" -p "$at" -m 'by a person')" "$at" || person "$@"
}
# Something is asked for the task behind this one.
other() { "$GANGER" -C "$GANGER_ROOT" "$1" $((GANGER_TASK + 1)); }
work() { echo "$GANGER_TITLE" >"$GANGER_TITLE" && git add -A && git commit -qm "Do $GANGER_TITLE"; }
code=0
case $GANGER_TITLE in
fails-once) first && code=3 || work ;;
red-once) first && echo bad >red || echo good >red ;;
later) once && code=75 || work ;;
nothing) echo 'ganger: nothing to do' ;;
leaves) echo left >leaves ;;
moves) person by-person person && work ;;
resolves) if first; then person both person; echo agent >both; else echo resolved >both; fi ;;
conflicts) if first; then person both person; echo agent >both; else work; fi ;;
rewinds) git update-ref "refs/heads/$GANGER_EPIC_BRANCH" main && work ;;
closes) # unheard, so that it is the tracker that refuses the claim
	work
	socket=${GANGER_PROMPT_FILE%/job/*}/control.sock
	mv "$socket" "$socket.away"
	other close
	mv -n "$socket.away" "$socket"
	;;
cancels) work; other cancel ;;
stops) work; "$GANGER" -C "$GANGER_ROOT" stop "$GANGER_EPIC" ;;
*) work ;;
esac
echo "end $GANGER_TITLE $GANGER_ATTEMPT" >>"$run/ran"
exit $code
END
sed -i "s|env: {T: |env: {GANGER: \"$GANGER\", T: |" ganger.yaml
git commit -q -a -m more

# plan NAME: its tasks.
plan()
{
	echo "# $1"
	case $1 in
	flow)
		printf -- '- [ ] %s\n' one fails-once red-once later nothing
		printf -- '- [ ] leaves\n  after: one, later\n'
		;;
	moved) printf -- '- [ ] moves\n- [ ] then\n  after: moves\n' ;;
	already) printf -- '- [ ] lands-itself\n- [ ] then\n  after: lands-itself\n' ;;
	conflict | retried | resolved) printf -- '- [ ] conflicts\n- [ ] held\n  after: conflicts\n- [ ] apart\n' ;;
	resolving) printf -- '- [ ] resolves\n- [ ] held\n  after: resolves\n' ;;
	rewritten) printf -- '- [ ] one\n- [ ] rewinds\n  after: one\n- [ ] held\n  after: rewinds\n' ;;
	refused) printf -- '- [ ] closes\n- [ ] is-closed\n  after: closes\n' ;;
	cancelled) printf -- '- [ ] cancels\n- [ ] is-cancelled\n  after: cancels\n' ;;
	grouped) printf -- '- [ ] %s\n' one two red-once three four five ;;
	stopped) printf -- '- [ ] stops\n- [ ] then\n  after: stops\n' ;;
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
	tasks=$(ganger list "$epic" --json | jq -r '.. | objects | select(.title == "conflicts") | .id')
	case $1 in
	grouped) sets=(-c queue.batch=3 -c queue.slots=2 -c 'queue.check=! grep -qx bad red 2>/dev/null') ;;
	flow) sets=(-c 'queue.check=! grep -qx bad red 2>/dev/null' -c 'worktree.setup=true') ;;
	already) sets=(-c "queue.check=sh '$T/by-hand'") ;; # somebody lands it while it is checked
	conflict | retried | resolved) sets=(-c queue.conflict_attempts=0) ;;
	*) sets=() ;;
	esac
	case $1 in
	retried | resolved)
		crash '' # to the conflict
		[ "$1" = retried ] || resolve "ganger/$epic/$tasks"
		ganger retry "$tasks" >/dev/null 2>&1
		;;
	esac
}

# resolve BRANCH: as a person does.
resolve()
{
	git worktree add -q "$T/fix" "$1"
	(cd "$T/fix" && git merge "epic/$epic" || { echo both >both && git commit -q -a -m resolved; }) >/dev/null
	git worktree remove -f "$T/fix"
}

cat >"$T/by-hand" <<'END'
[ ! -e lands-itself ] || [ -e then ] ||
	git update-ref "refs/heads/$GANGER_EPIC_BRANCH" "refs/ganger/$GANGER_EPIC/$GANGER_TASK/1"
END

crash()
{
	code=0
	# The group takes what the shell would say of a killed process.
	{
		GANGER_FAILPOINT=$1 timeout -k 5 "$WAIT_S" "$GANGER" "${sets[@]}" run "$epic" --yes \
			>"$T/out" 2>"$T/err"
	} 2>/dev/null || code=$?
}

# expect NAME: what comes of the plan without a crash.
expect()
{
	fresh "$1"
	crash ''
	# Running it again is what takes these further: it reads the tracker, it forgets the stop.
	case $1 in refused | stopped) crash '' ;; esac
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
		[ -n "${3:-}" ] || result 1 "$1: kill -9 at $2 was not reached: exit $code"
		return
	fi
	tried="$tried ${2%:*}"
	crash ''
	local now left
	now=$code$'\n'$(canon)
	left=$(of_us; git worktree list | tail -n +2)
	is "$now$left" "${exits[$1]}"$'\n'"${expected[$1]}" "$1: kill -9 at $2" ||
		note "$(cat "$T/out")"
}

# each NAME FAILPOINT…: each of them; with GANGER_LONG the first five of its kind.
tried=
each()
{
	local name=$1 point n
	shift
	expect "$name"
	for point; do
		try "$name" "$point"
		for n in ${GANGER_LONG:+1 2 3 4 5 6}; do
			try "$name" "${point%:*}:$n" perhaps
		done
	done
}

each flow START OPENED ISSUE EDGE SYNCED DONE PREPARED:2 JOB_STARTED:3 JOB_ENDED:4 COLLECTED PULL \
	MERGE_MADE LANDED TICK commit commit:9 commit:20 carry-out carry-out:25
each grouped MERGE_MADE:4 LANDED LANDED:3 JOB_ENDED:8
each moved MOVED MERGE_MADE:2 LANDED
each already ALREADY
each conflict CONFLICT
each resolving CONFLICT DONE:2 PREPARED:2 JOB_STARTED:2 JOB_ENDED:2 COLLECTED:2 \
	PULL:2 MERGE_MADE LANDED
each rewritten REWRITTEN
each refused REFUSED
each cancelled CANCEL
each stopped STOP
each retried UNFIXED
each resolved FIXED

# All kinds of the machine's own list, but for those that the tests of core and the simulator
# have alone: a driver's error, what is asked of a live supervisor, a time that is no record.
for event in $(sed -n 's/^EVENT(\([A-Z_]*\)).*/\1/p' "$GANGER_SOURCE/src/core/task.def"); do
	case $event in ERROR | RETRY | DUE | HOLD | RELEASE | APPROVE | MOVE) continue ;; esac
	like " $tried " " $event " "tried: $event"
done
done_testing
