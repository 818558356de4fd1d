#!/usr/bin/env bash
# The presets on the real programs, with a model of our own behind them: 'make test-agents'.
# usage: run.sh [claude] [codex] [copilot] [acp]; without names those of $AGENTS, else all of them
#
# install.sh brings the programs the first time. The model (test/fake) does what the lines
# that begin with '%%' in a prompt say. Nothing here needs an account or reaches one.
here=$(cd "$(dirname "$0")" && pwd)
cache=${GANGER_CACHE:-$HOME/.cache/ganger-test}
[ $# -gt 0 ] || set -- ${AGENTS:-claude codex copilot acp}
agents=("$@")
bin=$("$here/install.sh" "${agents[@]}") || exit
# Not below /tmp: codex may write there whatever its sandbox says, and keeps no home there.
mkdir -p "$cache/run" "$cache/xdg" && TMPDIR=$cache/run
. "$here/../cli/lib.sh"
unset TMPDIR
export PATH=$bin:$PATH XDG_CACHE_HOME=$cache/xdg
drive=$(dirname "$GANGER")/test/agents/agent-drive
n=0

mkfifo "$T/model.out"
node "$here/../fake/fake-model.mjs" --port 0 --log "$T/model.log" >"$T/model.out" &
model=$!
end_model()
{
	local status=$?

	kill "$model"
	(exit "$status")
	at_end
}
trap end_model EXIT
read -r line <"$T/model.out"
url=http://127.0.0.1:${line##* }
repo

# options NAME: sets $options, how to have the agent talk to our model.
options()
{
	case $1 in
	claude)
		export CLAUDE_CONFIG_DIR=$T/claude
		options=(-e "ANTHROPIC_BASE_URL=$url" -e ANTHROPIC_API_KEY=dummy
			-e CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 -e DISABLE_AUTOUPDATER=1
			-e CLAUDE_CODE_MAX_RETRIES=1)
		;;
	codex)
		export CODEX_HOME=$T/codex
		options=(-e LOOP_KEY=dummy)
		mkdir -p "$CODEX_HOME"
		sed "s|URL|$url|" >"$CODEX_HOME/config.toml" <<-'END'
			model = "fake-model"
			model_provider = "loop"
			approval_policy = "never"
			[model_providers.loop]
			name = "loopback"
			base_url = "URL/v1"
			wire_api = "responses"
			env_key = "LOOP_KEY"
			request_max_retries = 1
			stream_max_retries = 1
			[analytics]
			enabled = false
		END
		;;
	copilot)
		export COPILOT_HOME=$T/copilot
		options=(-e COPILOT_OFFLINE=true -e "COPILOT_PROVIDER_BASE_URL=$url/v1"
			-e COPILOT_MODEL=fake-model)
		;;
	esac
}

# attempt NAME LINES [OPTION...]: one attempt in a fresh worktree $W, its folder $J; verdict
# in $T/out.
attempt()
{
	local name=$1

	n=$((n + 1)) W=$T/w$n J=$T/j$n
	git -C "$T/repo" worktree add -q -b "ganger/e/$n" "$W" main && mkdir "$J" || exit 1
	printf '# Task %s\n\n%s\n' "$n" "$2" >"$J/prompt"
	shift 2
	cd "$W" || exit 1
	run "$drive" ${preset:--p "$name"} ${kind:+-k "$kind"} -t 2m "${options[@]}" "$@" "$J"
	[ "$code" = 0 ] || note "$(cat "$T/err")"
}

got()
{
	sed -n "s/^$1=//p" "$T/out"
}

verdict_is()
{
	is "$(got how) $(got code) $(got result) $(got limit)" "$1" "$2" ||
		note "$(got reason)" "$(tail -c 1500 "$J/log")"
}

ahead()
{
	git -C "$T/repo" rev-list --count "main..ganger/e/$n"
}

works()
{
	attempt "$1" '%%sh echo one > one.txt
%%write two.txt two
%%sh git add -A && git commit -m work
%%say all done'
	verdict_is 'exited 0 done 0' "$1: it works"
	is "$(ahead) $(git ls-files | tr '\n' ' ')" '1 README one.txt two.txt ' \
		"$1: it runs commands, writes files and commits" || note "$(tail -c 3000 "$J/log")"
	is "$(git status --porcelain)" '' "$1: nothing is left"
	attempt "$1" '%%say I looked.\n
%%say more'
	is "$(got result) $(ahead)" 'done 0' "$1: a talker does nothing"
	attempt "$1" '%%say ganger: nothing to do'
	verdict_is 'exited 0 nothing 0' "$1: nothing to do is seen"
}

usage_is()
{
	attempt "$1" '%%sh true
%%say all done'
	is "$(got in) $(got out)" "$2" "$1: tokens are counted"
}

# A program that is talked to may end with anything.
fail_code()
{
	[ "$kind" ] && got code || echo 1
}

fails()
{
	local status

	attempt "$1" '%%fail 400 99 no such thing
%%say x'
	verdict_is "exited $(fail_code) failed 0" "$1: an error of the model is a failure"
	like "$(got reason)" 'no such thing' "$1: with its words"
	for status in 401 429 503 529; do
		attempt "$1" "%%fail $status 99
%%say x"
		verdict_is "exited $(fail_code) later 1" "$1: $status is a limit"
	done
}

# limit_is NAME REFUSAL SECONDS: the refusal is later, by about that many seconds.
limit_is()
{
	local now

	attempt "$1" "%%fail $2
%%say x"
	now=$(date +%s)
	verdict_is 'exited 1 later 1' "$1: a usage limit is a limit"
	ok "$1: with the time of its end" test "$(got until)" -gt $((now + $3 - 200)) \
		-a "$(got until)" -lt $((now + $3 + 200)) || note "$(got reason)" "$(got until)"
}

probes()
{
	attempt "$1" 'x' -P
	is "$(got code)" 0 "$1: its probe is fine" || note "$(cat "$J/log")"
}

# settings NAME: ganger.yaml for this agent alone, by its preset.
settings()
{
	local var

	printf 'agents:\n  %s:\n    env:\n' "$1"
	for var in "${options[@]}"; do
		[ "$var" = -e ] || printf '      %s: "%s"\n' "${var%%=*}" "${var#*=}"
	done
}

# All of it: an epic of three tasks, by the supervisor.
brings_home()
{
	local name=$1 epic first before

	git init -q "$T/epic-$name" && cd "$T/epic-$name" || exit 1
	settings "$name" >ganger.yaml
	git add ganger.yaml && git commit -q -m start || exit 1
	epic=$(ganger add "An epic for $name") &&
		first=$(ganger add One --epic "$epic" --body '%%sh echo one > one.txt && git add -A && git commit -m one
%%say done') &&
		ganger add Two --epic "$epic" --after "$first" --body '%%write two.txt two
%%say I could not commit' >"$T/out" &&
		ganger add Three --epic "$epic" --body '%%say ganger: nothing to do' >"$T/out"
	ok "$name: an epic is made" test $? = 0
	before=$(git rev-parse HEAD main)
	run timeout -k 10 300 "$GANGER" run "$epic" --agent "$name" --yes
	code_is 0 "$name: the supervisor brings it home"
	is "$(git ls-tree --name-only "epic/$epic" | tr '\n' ' ')" 'ganger.yaml one.txt two.txt ' \
		"$name: what was committed and what was left is in the epic branch"
	is "$(git log --format=%H --first-parent "main..epic/$epic" | wc -l)" 2 "$name: landed once each"
	is "$(git rev-parse HEAD main; git status --porcelain)" "$before" \
		"$name: the user's checkout is as it was"
	is "$(left_running)" '' "$name: nothing is left running"
	[ "$code" = 0 ] || note "$(cat "$XDG_STATE_HOME"/ganger/*/"$epic"/report.md)"
}

# talks NAME [COMMAND]: the same program, talked to. By the supervisor, which is killed in the middle.
talks()
{
	local name=$1 epic id run logs

	git init -q "$T/talk-$name" && cd "$T/talk-$name" || exit 1
	settings "$name" >ganger.yaml
	printf '    kind: %s\n' "$kind" >>ganger.yaml
	[ "${2:-}" ] && printf '    command: exec %s\n' "$2" >>ganger.yaml
	printf 'limits: {attempts: 2, silence: 8s, grace: 5s}\nretry: {delay: 10ms}\n' >>ganger.yaml
	git add ganger.yaml && git commit -q -m start || exit 1
	epic=$(ganger add "An epic for $name")
	id=$(ganger add One --epic "$epic" --body "%%sh echo one > one.txt
%%write two.txt two
%%sleep 3000
%%sh echo three > three.txt
%%sh git add -A && git commit -m work
%%say all done")
	timeout 120 "$GANGER" run "$epic" --yes >"$T/run.out" 2>&1 &
	run=$!
	logs=$(echo "$XDG_STATE_HOME"/ganger/talk-"$name"-*)/$epic/agent-logs
	wait_event "$logs" "$id" '"tool".*two'
	kill -9 "$(ganger status "$epic" --json | jq .supervisor.pid)"
	wait "$run" 2>/dev/null
	run timeout -k 10 120 "$GANGER" run "$epic" --yes
	code_is 0 "$name, talked to: brought home after the supervisor was killed" ||
		note "$(cat "$T/out")" "$(tail -n 20 $logs/$id.events.jsonl)"
	like "$(cat "$T/out" "$T/err")" 'adopted process' "$name, talked to: its program lived on"
	is "$(git ls-tree --name-only "epic/$epic" | tr '\n' ' ')" \
		'ganger.yaml one.txt three.txt two.txt ' "$name, talked to: all was done"
	is "$(grep -c '"type":"turn_end"' $logs/$id.events.jsonl)" 1 "$name, talked to: in one turn"

	# Cancelled in a turn.
	epic=$(ganger add 'Another epic')
	id=$(ganger add Two --epic "$epic" --body '%%sh echo one > one.txt
%%sleep 60000
%%say x')
	timeout 120 "$GANGER" run "$epic" --yes >"$T/run.out" 2>&1 &
	run=$!
	logs=$(echo "$XDG_STATE_HOME"/ganger/talk-"$name"-*)/$epic/agent-logs
	wait_event "$logs" "$id" '"tool_end"'
	ok "$name, talked to: it is cancelled" ganger cancel "$id"
	wait "$run"
	is "$(ganger status "$epic" --json | jq -r '.tasks[0].state')" cancelled "$name, talked to: and is"
	is "$(left_running)" '' "$name, talked to: nothing is left running"
}

# wait_event FOLDER TASK PATTERN: until its events, which may not be there yet, have such a line.
wait_event()
{
	timeout "$WAIT_S" tail -s 0.05 -n +1 -F $1/$2.events.jsonl 2>/dev/null | grep -q -m 1 -E -- "$3"
}

# What is said of one attempt that is talked to.
talked_to()
{
	works "$1"
	usage_is "$1" '2000 100'
	fails "$1"
	attempt "$1" '%%sh touch no.txt
%%say I could not' -r 'deny run(touch no*)'
	not_ok "$1: what a rule denies is not done" test -e "$W/no.txt"
	verdict_is "exited $(got code) done 0" "$1: and is no failure by itself"
}

# The processes that have their folder below $T, but for our own.
left_running()
{
	local p

	for p in /proc/[0-9]*; do
		case $(readlink "$p/cwd" 2>/dev/null) in
		"$T"/*) [ "${p#/proc/}" = "$model" ] || [ "${p#/proc/}" = $$ ] ||
			[ "${p#/proc/}" = "$BASHPID" ] ||
			tr '\0' ' ' <"$p/cmdline" ;;
		esac
	done
}

for name in "${agents[@]}"; do
	kind= preset=
	options "$name"
	if [ "$name" = acp ]; then
		options claude
		kind=acp
		talks acp claude-agent-acp
		continue
	fi
	note "$name: $($name --version </dev/null 2>&1 | head -n 1)"
	probes "$name"
	works "$name"
	fails "$name"
	brings_home "$name"
	kind=$name
	talked_to "$name"
	talks "$name"
	kind=
	case $name in
	claude)
		usage_is claude '2000 100'
		limit_is claude '429 99 You have hit your session limit, resets in 2 hours' 7200
		attempt claude '%%tool EnterWorktree {}
%%sh echo here > here.txt'
		ok 'claude: it cannot go to another worktree' test -e "$W/here.txt"
		options=(-e "ANTHROPIC_BASE_URL=$url" -e DISABLE_AUTOUPDATER=1)
		attempt claude x -P
		is "$(got code)" 1 'claude: its probe sees that there is no login'
		attempt claude '%%say x'
		verdict_is 'exited 1 later 1' 'claude: no login is later'
		;;
	codex)
		usage_is codex '2000 100'
		limit_is codex '429 99 {"error":{"type":"usage_limit_reached","message":"limit","plan_type":"pro","resets_in_seconds":7200,"resets_at":'$(($(date +%s) + 7200))'}}' 7200
		attempt codex '%%sh echo x > "$(git rev-parse --git-common-dir)/hooks/post-commit"
%%sh git config user.name somebody
%%sh echo x > '"$T"'/outside.txt'
		not_ok 'codex: it cannot write hooks' test -e "$T/repo/.git/hooks/post-commit"
		not_ok 'codex: nor configuration' git config --local user.name
		not_ok 'codex: nor outside' test -e "$T/outside.txt"
		rm "$CODEX_HOME/config.toml"
		attempt codex x -P
		not_ok 'codex: its probe sees that there is no login' test "$(got code)" = 0
		;;
	copilot)
		limit_is copilot '429 99 You have hit your weekly limit, try again in 2 hours' 7200
		options=()
		attempt copilot '%%say x'
		verdict_is 'exited 1 later 1' 'copilot: no login is later'
		;;
	esac
done
done_testing
