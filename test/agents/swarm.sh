#!/usr/bin/env bash
# Eight sessions at once of a real program, by the supervisor, which is killed in the middle: what
# goes well, what goes wrong, and what is left of it. Each preset as it is, and what is talked to.
# usage: swarm.sh [NAME]...
. "$(dirname "$0")/real.sh"

declare -A id
# Eight begin slowly where others work, too; what begins is no silence, and is waited for.
load=$(cut -d . -f 1 /proc/loadavg)
patience=$((120 + 20 * load))

# settings: ganger.yaml for $name alone, by its preset or with $kind and $command.
settings()
{
	local var

	printf 'agents:\n  %s:\n    env:\n' "$name"
	for var in "${options[@]}"; do
		[ "$var" = -e ] || printf '      %s: %s\n' "${var%%=*}" "$(jq -n --arg value "${var#*=}" '$value')"
	done
	if [ "$kind" ]; then
		printf '    kind: %s\n    permissions: ["deny run(touch no*)"]\n' "$kind"
		[ ! "$command" ] || printf '    command: exec %s\n' "$command"
	fi
	printf 'limits: {tools: 15, max_concurrent: 8, attempts: 3, silence: %s, grace: 3s, timeout: 10m}\n' "$silence"
	printf 'retry: {delay: 10ms, from: last}\n'
}

task()
{
	local lines=$2

	# Its own tool takes absolute paths alone.
	[ "$name" != qwen ] || lines=$(sed -E 's/^%%write (\S+) (.*)/%%sh echo \2 > \1/' <<<"$lines")
	id[$1]=$(ganger add "$1" --epic "$epic" --body "%%tag $1-$name-$kind
$lines")
}

# of TITLE FILTER: of its task's status.
of()
{
	ganger status "$epic" --json | jq -r --arg id "${id[$1]}" ".tasks[] | select(.id == \$id) | $2"
}

# What a tool of a task does until somebody ends it, or there is $over. To write something is no
# silence; its name tells it from others. Codex lets such a tool be after half a minute, opencode ends
# it after two, and they are told to do it again; Gemini takes a shell away where it comes first.
at_length()
{
	echo "env sh -c 'while ! test -e $over && echo > beat.txt; do sleep 0.3; done' tool-of-$1"
}

again()
{
	printf '%s\n' "$1"
	[ "$name" != codex ] && [ "$name" != opencode ] || printf '%s\n' "$1" "$1" "$1" "$1" "$1" "$1" "$1"
}

tools_of()
{
	local p

	for p in /proc/[0-9]*; do
		case $(readlink "$p/cwd" 2>/dev/null) in
		"$T"/*) ! tr '\0' ' ' <"$p/cmdline" 2>/dev/null | grep -q "^sh -c while.* tool-of-$1" ||
			echo "${p#/proc/}" ;;
		esac
	done
}

# until_true COMMAND...: with a deadline.
until_true()
{
	local end=$((SECONDS + patience))

	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		read -r -t 0.1 <>"$T/pause"
	done
	return 0
}

has_tool()
{
	[ "$(tools_of "$1")" ]
}

are_gone()
{
	! kill -0 "$@" 2>/dev/null
}

# What an agent does that is asked to end by somebody else differs: most end, Gemini goes on.
ends_ended()
{
	local tools pid

	ok "$label: a tool of ended is still at work" until_true has_tool ended
	tools=$(tools_of ended) pid=$(of ended .pid)
	kill -TERM "$pid"
	if patience=5 until_true are_gone "$pid"; then
		ok "$label: what an ended agent had begun goes with it" until_true are_gone $tools
	else
		note "$label: it does not heed SIGTERM"
		is "$(of ended .state)" working "$label: what is asked to end and goes on is at work"
	fi
	echo >"$over"
}

is_there()
{
	[ -e "$(of "$1" .worktree)/$2" ]
}

tasks()
{
	# The first eight begin at once.
	task hangs "%%sh test -e early.txt || echo early > early.txt
%%hang 1
%%sh echo late > late.txt
%%say done"
	task cancelled "$(again "%%sh $(at_length cancelled)")
%%say done"
	for title in killed grouped ended; do
		task $title "$(again "%%sh test -e over.txt || { echo x > $title.txt; $(at_length $title); }")
%%say done"
	done
	task crash "$(again '%%sh echo one > one.txt; until test -e over.txt; do echo > beat.txt; sleep 0.3; done')
%%sh echo two > two.txt
%%sh git add -A && git commit -q -m work
%%say all done"
	task tools "%%sh echo a > a.txt
%%write b.txt b
%%sh git add -A && git commit -q -m work
%%say done"
	task recovers "%%fail 429 1 slow down
%%write recovers.txt x
%%say done"
	task cut "%%drop 1
%%write cut.txt x
%%say done"
	task refused "%%fail 400 99 no such thing
%%say x"
	task denied "$denied
%%write denied.txt x
%%say done"
	[ ! "$kind" ] || task limited "$(printf '%%%%sh true %s\n' {1..40})"
	# What it leaves behind when it ends well.
	task left "%%sh echo x > left.txt; setsid $(at_length left) >/dev/null 2>&1 &
%%say done"
}

are_at_work()
{
	[ "$(ganger status "$epic" --json | jq '[.tasks[] | select(.state == "working")] | length')" = "$1" ]
}

begin()
{
	timeout -k 5 $((2 * patience)) "$GANGER" run "$epic" --yes --agent "$name" >"$T/run.out" 2>&1 &
	run=$!
}

# served TITLE [HOW]: how often the model has answered a task, or has done otherwise.
served()
{
	jq -s --arg tag "$1-$name-$kind" --arg how "${2:-200}" \
		'[.[] | select(.tag == $tag and "\(.how)" == $how)] | length' "$T/model.log"
}

closes()
{
	is "$(of "$1" .state)" closed "$label: $2" || note "$(of "$1" .reason)" "$(tail -c 1500 "$logs/${id[$1]}.log")"
}

swarm()
{
	local label="$name${kind:+ as $kind}" began before over=$T/over-$name-$kind

	began=$SECONDS
	git init -q "$T/$name-$kind" && cd "$T/$name-$kind" || exit 1
	settings >ganger.yaml
	git add ganger.yaml && git commit -q -m start || exit 1
	epic=$(ganger add "An epic for $label")
	logs=$(echo "$XDG_STATE_HOME"/ganger)/$name-$kind-*/$epic/agent-logs
	tasks
	before=$(git rev-parse HEAD main)
	begin
	ok "$label: eight are at work" until_true are_at_work 8
	for title in cancelled killed grouped ended; do
		ok "$label: a tool of $title is at work" until_true has_tool $title
	done
	ok "$label: crash is in its turn" until_true is_there crash one.txt
	kill -9 "$(ganger status "$epic" --json | jq .supervisor.pid)"
	wait "$run" 2>/dev/null
	begin
	ok "$label: the next supervisor adopts them" until_true grep -q 'adopted process' "$T/run.out"
	for title in crash killed grouped; do
		echo >"$(of $title .worktree)/over.txt"
	done
	ok "$label: one is cancelled" ganger cancel "${id[cancelled]}"
	kill -9 "$(of killed .pid)"
	kill -9 -- "-$(of grouped .pid)"
	ends_ended
	wait "$run"
	is $? 1 "$label: all but one are brought home" || note "$(cat "$T/run.out")"
	logs=$(echo $logs)

	closes tools 'a turn with tools'
	is "$(of tools .attempt)" 1 "$label: in one attempt"
	closes crash 'what was in its turn when the supervisor was killed'
	is "$(of crash .attempt)" 1 "$label: went on in it"
	is "$(of denied .state)" "$denied_is" "$label: what was denied something" ||
		note "$(of denied .reason)"
	closes recovers 'a 429 is recovered from'
	closes cut 'a stream that was cut'
	closes hangs 'a stream that hung'
	is "$(of refused .state)" failed "$label: an error of the model is a failure"
	like "$(of refused '.error // .reason')" 'no such thing' "$label: with its words"
	if [ "$kind" ]; then
		is "$(of limited .state)" failed "$label: what used too many tools was broken off"
		ok "$label: which was said" grep -q 'more tools than limits.tools' "$T/run.out"
	fi
	is "$(of cancelled .state)" cancelled "$label: cancelled"
	closes killed 'an agent that was killed is begun again'
	closes grouped 'and one whose group was'
	closes ended 'and one that was asked to end'
	closes left 'what left something running'
	is "$(git ls-tree --name-only "epic/$epic" | grep -v -e denied.txt -e beat.txt -e over.txt | tr '\n' ' ')" \
		'a.txt b.txt cut.txt early.txt ended.txt ganger.yaml grouped.txt killed.txt late.txt left.txt one.txt recovers.txt two.txt ' \
		"$label: what was done is in the epic branch"
	for title in cancelled killed grouped ended left; do
		is "$(tools_of $title)" '' "$label: no tool of $title is left"
	done
	is "$(left_running)" '' "$label: nothing is left running"
	is "$(git rev-parse HEAD main; git status --porcelain)" "$before" "$label: the user's checkout is as it was"
	is "$(served recovers 429) $(served cut drop) $(served hangs hang)" '1 1 1' \
		"$label: the model refused, broke off and hung"
	tokens
	sessions
	note "$label: $((SECONDS - began)) s"
}

# As served: 1000 in and 50 out a call.
tokens()
{
	local title n

	[ "$kind" ] || [ "$name" != copilot ] || return 0 # its one-shot form does not tell
	[ "$name" != pi ] || return 0
	[ "$name" != codex-acp ] && [ "$name" != opencode ] || return 0
	for title in tools crash; do
		n=$(served $title)
		is "$(of $title '"\(.tokens.in) \(.tokens.out)"')" "$((n * 1000)) $((n * 50))" \
			"$label: the tokens of $title are those of $n calls"
	done
}

# What hung is ended by its silence, and taken up again where the kind can.
sessions()
{
	[ "$kind" ] || return 0
	is "$(jq -r 'select(.type == "session").id' "$logs/${id[hangs]}".[0-9]*.events.jsonl | sort | uniq -c | awk '{ print ($1 > 1) }')" 1 \
		"$label: what hung is gone on with in its session"
}

mkfifo "$T/pause"
for name in "${agents[@]}"; do
	options "$name"
	command=$(acp_command "$name")
	for kind in '' $(talk_kind "$name"); do
		[ "$kind" ] || [ ! "$command" ] || continue # it has no preset
		silence=$((15 + 3 * load))s
		denied='%%sh touch no.txt' denied_is=closed
		case $name in
		claude) [ "$kind" ] || denied='%%tool EnterWorktree {}' ;;
		codex) [ "$kind" ] || denied="%%sh echo x > $T/no.txt" ;;
		copilot | gemini | qwen | opencode | pi) [ "$kind" ] || denied='%%sh true' ;; # it may do all
		copilot-acp | codex-acp) denied_is=failed ;;  # a denial ends its turn
		esac
		[ "$name$kind" != opencodeacp ] || denied_is=failed # so it does here
		case $name in
		gemini | qwen | opencode) silence=$((40 + 3 * load))s ;; # eight take long to begin
		esac
		swarm
	done
	not_ok "$name: nothing was written outside" test -e "$T/no.txt"
done
done_testing
