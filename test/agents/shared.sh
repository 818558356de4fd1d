#!/usr/bin/env bash
# One server for many sessions, with the real Copilot on a model of our own, and what the official SDK
# says to it beside what we say.
# usage: shared.sh; KILLS: who is killed, of 'server supervisor both'
set -- copilot copilot-sdk
WAIT_S=${WAIT_S:-120} # the program takes its time where others are at work
. "$(dirname "$0")/real.sh"
. "$here/../cli/scene.sh"
options copilot

# shared [LIMITS [COMMAND]]: a repository whose agents share a server, and an epic.
shared()
{
	repo "${3:-shared}"
	{
		cat <<-END
			agents:
			  copilot:
			    kind: copilot
			    server: shared
			    env:
			      COPILOT_OFFLINE: "true"
			      COPILOT_PROVIDER_BASE_URL: "$url/v1"
			      COPILOT_MODEL: fake-model
		END
		[ -z "${2:-}" ] || printf '    command: %s\n' "$2"
		printf 'retry: {delay: 10ms}\nlimits: {%s}\n' "${1:-}"
	} >ganger.yaml
	git add ganger.yaml && git commit -q -m settings || exit 1
	epic=$(ganger add 'An epic')
}

job()
{
	id[$1]=$(ganger add "$1" --epic "$epic" --body "$2")
}

state_dir()
{
	printf %s "$(echo "$XDG_STATE_HOME"/ganger/"$(basename "$PWD")"-*)/$epic"
}

go_on()
{
	timeout 180 "$GANGER" run "$epic" --yes >"$T/run.out" 2>&1 &
	supervisor=$!
}

# The program that listens: the child of its shim.
server_pids()
{
	local p

	for p in /proc/[0-9]*; do
		grep -zqx "COPILOT_HOME=$T/copilot" "$p/environ" &&
			grep -zqx -- --headless "$p/cmdline" && echo "${p#/proc/}"
	done 2>/dev/null
}

# wait_begun TITLE...: until a tool of each has ended, and the next has begun.
wait_begun()
{
	local t

	for t; do
		wait_file "$(state_dir)/agent-logs/${id[$t]}.events.jsonl" '"tool".*(until|600)' || return
	done
}

# What the sessions were asked, and how often, as the program itself has it.
asked()
{
	cat "$COPILOT_HOME"/session-state/*/events.jsonl |
		jq -r 'select(.type == "user.message") | .data.content | split("\n")[0]'
}

# long NAME: some work, then a command that ends once $T/go is there, then more.
long()
{
	cat <<-END
		%%sh echo a >> $1.txt
		%%sh until [ -e $T/go ]; do sleep 0.1; done
		%%sh echo b >> $1.txt
		%%sh git add -A && git commit -qm work
		%%say done
	END
}

# Work, side by side, and what a session leaves.
shared 'attempts: 1'
for n in 1 2 3 4 5 6; do
	job "works$n" "%%sh echo $n > $n.txt
%%write two$n.txt two
%%sh git add -A && git commit -qm work
%%say done"
done
job leaves '%%sh (setsid sleep 600 >/dev/null 2>&1 & echo $! > left.txt)
%%say done'
job refused '%%fail 400 99 no such thing
%%say x'
run timeout 180 "$GANGER" run "$epic" --yes
code_is 1 'an epic with a failure ends with 1' || note "$(cat "$T/out" "$T/err")"
is "$(for n in 1 2 3 4 5 6; do state works$n; done | sort -u)" closed 'what works, lands'
is "$(tree | grep -c '^[1-6].txt$') $(tree | grep -c '^two[1-6].txt$')" '6 6' 'with all that was done'
is "$(ganger status "$epic" --json | jq -c '[.tasks[] | select(.title | startswith("works")).tokens] | unique')" \
	'[{"in":4000,"out":200}]' 'tokens are those of each session'
is "$(state refused)" failed 'an error of the model is a failure of that session'
is "$(cat "$(state_dir)"/agent-logs/*.log | grep -a -c '"session.lifecycle"')" 0 'what concerns others is in no log'
not_ok 'what a session left running is gone' kill -0 "$(git show "epic/$epic:left.txt")"
is "$(server_pids)" '' 'and so is the server'

# kill -9 in the middle of turns: of the server, of the supervisor, of both.
for what in ${KILLS-server supervisor both}; do
	shared 'attempts: 1' '' "kill-$what"
	rm -rf "$COPILOT_HOME/session-state" "$T/go"
	for n in 1 2 3 4; do
		job "k$n" "$(long "k$n")"
	done
	go_on
	ok "$what: four sessions are at work" wait_begun k1 k2 k3 k4
	servers=$(server_pids)
	supervisor_pid=$(ganger status "$epic" --json | jq .supervisor.pid)
	[ $what = server ] || kill -9 "$supervisor_pid"
	[ $what = supervisor ] || kill -9 $servers
	if [ $what != server ]; then
		wait "$supervisor" 2>/dev/null
		go_on
		ok "$what: their jobs lived on" wait_file "$T/run.out" 'adopted process'
	fi
	touch "$T/go"
	wait "$supervisor"
	is "$?" 0 "$what: brought home" || note "$(cat "$T/run.out")"
	is "$(for n in 1 2 3 4; do git show "epic/$epic:k$n.txt"; done | sort | uniq -c | tr -s ' \n' ' ')" \
		' 4 a 4 b ' "$what: everything was done once"
	is "$(ganger status "$epic" --json | jq -c '[.tasks[].attempt]')" '[1,1,1,1]' "$what: in one attempt each"
	is "$(asked | grep -c '^# k')" 4 "$what: each was given its task once"
	is "$(asked | grep -c '^You were interrupted')" "$([ $what = supervisor ] && echo 0 || echo 4)" \
		"$what: and asked to go on, where its turn was lost"
	is "$(find "$COPILOT_HOME/session-state" -name events.jsonl | wc -l)" 4 "$what: in four sessions"
	is "$(server_pids)" '' "$what: no server is left"
done
# What we say and what the official SDK says, by a recorder in front of the same program.
serve="copilot --headless --port 0 --no-auto-update --no-auto-login --log-level error"
prompt="%%sh echo one > one.txt
%%sh touch denied.txt
%%write two.txt two
%%say done"
shared 'attempts: 1, grace: 2s' "exec node '$here/wire/recorder.mjs' '$T/ours.jsonl' $serve" wire
sed -i "s/^    server: shared/&\n    permissions: ['deny run(*denied*)']/" ganger.yaml
job says "$prompt"
rm -f "$T/go"
job killed "$(long killed)"
job broken '%%sh echo x
%%sh sleep 600
%%say x'
go_on
ok 'sessions are recorded' wait_begun killed broken
kill -9 $(server_pids)
ok 'also after the server died' wait_file "$T/run.out" 'it is started again'
ok 'and took up its sessions' wait_file "$T/ours.jsonl" 'session.getMessages'
run ganger cancel "${id[broken]}"
touch "$T/go"
wait "$supervisor"
mkdir "$T/w" && git -C "$T/w" init -q
mkfifo "$T/recorder.out"
COPILOT_OFFLINE=true COPILOT_PROVIDER_BASE_URL=$url/v1 COPILOT_MODEL=fake-model COPILOT_CONNECTION_TOKEN=t \
	node "$here/wire/recorder.mjs" "$T/theirs.jsonl" $serve >"$T/recorder.out" &
recorder=$!
read -r line <"$T/recorder.out"
run timeout 60 node "$here/wire/sdk.mjs" "$cache/npm" "${line##* }" t "$url/v1" "$T/w" "$prompt"
code_is 0 'the SDK does the same' || note "$(cat "$T/err")"
kill "$recorder"
wait "$recorder"
is "$(server_pids)" '' 'and nothing is left of its server'
is "$(cd "$T/w" && ls | paste -sd ' ')" 'one.txt two.txt' 'with the same outcome'
run node "$here/wire/compare.mjs" "$T/ours.jsonl" "$T/theirs.jsonl"
is "$(cat "$T/out")" 'same connect
same session.abort
same session.create
same session.destroy
same session.getMessages
same session.permissions.handlePendingPermissionRequest
same session.resume
same session.send' 'both say the same to the server'
note "$(cat "$T/err")"
done_testing
