#!/usr/bin/env bash
# One attempt at a time, by each preset on its real program and by what talks to it, and its verdict.
# usage: run.sh [NAME]...
. "$(dirname "$0")/real.sh"
drive=$(dirname "$GANGER")/test/agents/agent-drive
# What tries again by itself, for minutes and without a word, where it is refused as busy.
declare -A untold=([codex-acp]=1 [opencode]=1) # how many tokens they used
declare -A only_401=([gemini]=' ' [qwen]=' ' [opencode]=' ')
n=0
mkfifo "$T/pause"
repo

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
%%write '"$T/w$((n + 1))/two.txt"' two
%%sh git add -A && git commit -m work
%%say all done'
	verdict_is "exited $(ends) done 0" "$1: it works"
	is "$(ahead) $(git ls-files | tr '\n' ' ')" '1 README one.txt two.txt ' \
		"$1: it runs commands, writes files and commits" || note "$(tail -c 3000 "$J/log")"
	is "$(git status --porcelain)" '' "$1: nothing is left"
	[ "${only_401[$1]:-}" ] || {
		attempt "$1" '%%say I looked.\n
%%say more'
		is "$(got result) $(ahead)" 'done 0' "$1: a talker does nothing"
	}
	case $1$kind in
	codex-acpacp) return ;; # it puts a warning of its own before these words
	gemini) return ;;       # its last line is a record without words
	esac
	attempt "$1" '%%say ganger: nothing to do'
	verdict_is "exited $(ends) nothing 0" "$1: nothing to do is seen"
}

usage_is()
{
	attempt "$1" '%%sh true
%%say all done'
	is "$(got in) $(got out)" "$2" "$1: tokens are counted"
}

# A program that is talked to may end with anything, also of its being asked to.
ends()
{
	[ "$kind" ] && got code || echo 0
}

fail_code()
{
	[ "$kind" ] || [ "$name" = qwen ] || [ "$name" = gemini ] && got code || echo 1
}

fails()
{
	local status

	attempt "$1" '%%fail 400 99 no such thing
%%say x'
	verdict_is "exited $(fail_code) failed 0" "$1: an error of the model is a failure"
	like "$(got reason)" 'no such thing' "$1: with its words"
	for status in 401 ${only_401[$1]:-429 503 529}; do
		attempt "$1" "%%fail $status 99${only_401[$1]:+ Incorrect API key provided}
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

# What is said of one attempt that is talked to.
talked_to()
{
	works "$1"
	usage_is "$1" "$([ "${untold[$1]:-}" ] && echo -1 -1 || echo 2000 100)"
	fails "$1"
	limit_talked_to "$1"
	attempt "$1" '%%sh touch no.txt
%%say I could not' -r 'deny run(touch no*)'
	not_ok "$1: what a rule denies is not done" test -e "$W/no.txt"
	[ "$1" = copilot-acp ] || [ "$1" = codex-acp ] || # a denial ends its turn
		verdict_is "exited $(got code) done 0" "$1: and is no failure by itself"
}

# limit_is for what is talked to: a refusal with these words.
limit_talked_to()
{
	[ ! "${only_401[$1]:-}" ] || return 0
	attempt "$1" "%%fail 429 99 You have hit your weekly limit, try again in 2 hours
%%say x"
	verdict_is "exited $(got code) later 1" "$1: a usage limit is a limit"
}

# The program itself, behind whatever starts it: the youngest in the worktree.
program_in()
{
	local p youngest=

	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/cwd" 2>/dev/null)" = "$1" ] || continue
		[ "${p#/proc/}" -gt "${youngest:-0}" ] && youngest=${p#/proc/}
	done
	echo "$youngest"
}

# broken_off NAME SIGNAL: somebody else ends it in its turn. It may call that 0; it is no success.
broken_off()
{
	local how="$1${kind:+ as $kind}" end=$((SECONDS + 60))

	attempt "$1" '%%sh echo one > one.txt
%%hang' &
	n=$((n + 1)) W=$T/w$n
	until [ -e "$W/one.txt" ] || [ $SECONDS -gt $end ]; do
		read -r -t 0.1 <>"$T/pause"
	done
	kill "-$2" "$(program_in "$W")"
	wait $!
	is "$(got result)" failed "$how: what SIG$2 broke off is a failure" ||
		note "$(got how) $(got code)" "$(tail -n 3 "$T/j$n/log")"
}

# It is given its budget, and holds it in its turn: two calls of our model are over this.
keeps_budget()
{
	local how=$1 before=("${options[@]}")

	options+=(-e GANGER_ATTEMPT_COST=0.004)
	attempt claude '%%sh true
%%sh true
%%sh true
%%sh echo x > over.txt
%%say done'
	like "$(got result) $(got reason)" '^failed .*Reached maximum budget' "$how: it keeps to its budget" ||
		note "$(tail -c 1500 "$J/log")"
	not_ok "$how: and does no more" test -e "$W/over.txt"
	options=("${before[@]}")
}

of_claude()
{
	keeps_budget claude
	broken_off claude INT
	kind=claude
	keeps_budget 'claude as claude'
	broken_off claude INT
	kind=
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
}

of_codex()
{
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
}

of_copilot()
{
	broken_off copilot INT
	broken_off copilot TERM
	kind=copilot
	broken_off copilot TERM
	kind=
	limit_is copilot '429 99 You have hit your weekly limit, try again in 2 hours' 7200
	options=()
	attempt copilot '%%say x'
	verdict_is 'exited 1 later 1' 'copilot: no login is later'
}

for name in "${agents[@]}"; do
	kind= preset= command=$(acp_command "$name")
	options "$name"
	if [ "$command" ]; then
		kind=acp preset="-p ${name%-acp}"
		options+=(-c "exec $command")
		talked_to "$name"
		continue
	fi
	if [ "$name" = gemini ]; then # its tools do not find the user's
		git -C "$T/repo" config user.name t && git -C "$T/repo" config user.email t@localhost
	fi
	note "$name: $($name --version </dev/null 2>&1 | head -n 1)"
	probes "$name"
	works "$name"
	fails "$name"
	kind=$(talk_kind "$name")
	[ ! "$kind" ] || talked_to "$name"
	kind=
	[ ! "$(declare -F "of_$name")" ] || "of_$name"
done
done_testing
