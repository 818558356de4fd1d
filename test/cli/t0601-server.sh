#!/usr/bin/env bash
# One server for the sessions of many attempts (agents.NAME.server: shared), by a stand-in: work, crashes
# of the server and of the supervisor, endings.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
talker=$GANGER_SOURCE/test/fake/talker
command -v python3 >/dev/null || skip_all 'no python3'
mkfifo "$T/here" "$T/go" "$T/here2" "$T/go2"

# shared [LIMITS [COMMAND]]: a repository whose agents share a server, and an epic.
shared()
{
	rm -rf "$T/shared" "$T"/heard*
	repo shared
	cat >ganger.yaml <<-END
		agents:
		  it:
		    kind: copilot
		    server: shared
		    command: ${2:-exec '$talker' copilot \$GANGER_SERVE}
		    env: {TALKER_HEARD: '$T/heard'}
		retry: {delay: 10ms}
		limits: {${1:-}}
	END
	git add ganger.yaml && git commit -q -m settings || exit 1
	epic=$(ganger add 'An epic')
	: >"$T/heard"
}

job()
{
	id[$1]=$(ganger add "$1" --epic "$epic" --body "$2")
}

state_dir()
{
	printf %s "$XDG_STATE_HOME"/ganger/shared-*/"$epic"
}

go_on()
{
	"$GANGER" run "$epic" --yes >"$T/run.out" 2>&1 &
	supervisor=$!
}

# The processes of the server: its program and those that it made.
server_pids()
{
	local p

	for p in /proc/[0-9]*; do
		grep -zq '^GANGER_SERVE=' "$p/environ" && grep -zqx "TALKER_HEARD=$T/heard" "$p/environ" &&
			grep -zqx -- --port "$p/cmdline" && echo "${p#/proc/}"
	done 2>/dev/null
}

# The one that listens: its parent is its shim.
the_server()
{
	local p

	for p in $(server_pids); do
		grep -aq ganger-shim "/proc/$(awk '{print $4}' "/proc/$p/stat")/cmdline" && echo "$p"
	done
}

both_begin()
{
	wait_line "$T/here" >/dev/null && wait_line "$T/here2" >/dev/null
}

# What was said to sessions, a line each, without what differs anyway.
said()
{
	jq -c 'select(.method == "session.send") | [.params.sessionId, .params.prompt]' "$T/heard"
}

# Work, side by side.
shared 'attempts: 1, grace: 1s'
for n in 1 2 3 4 5 6; do
	job "works$n" "%%sh echo $n > $n.txt
%%sh pwd > pwd$n.txt
%%write $T/outside.txt x
%%sh git add -A && git commit -qm work
%%say done"
done
job idle '%%say ganger: nothing to do'
job refused '%%fail 400 no such thing'
job leaves '%%leave 0'
run timeout 60 "$GANGER" run "$epic" --yes
code_is 1 'an epic with failures ends with 1' || note "$(cat "$T/out" "$T/err")"
is "$(for n in 1 2 3 4 5 6; do state works$n; done | sort -u)" closed 'what works, lands'
is "$(tree | grep -c '^[1-6].txt$')" 6 'with what each was permitted to do'
not_ok 'and nothing outside' test -e "$T/outside.txt"
is "$(for n in 1 2 3 4 5 6; do git show "epic/$epic:pwd$n.txt"; done | sort -u | wc -l)" 6 \
	'each in a worktree of its own'
is "$(state idle) $(state refused) $(state leaves)" 'closed failed failed' 'it is judged as ever'
is "$(jq -r 'select(.method == "connect").params.token' "$T/heard" | sort -u | wc -l)" 1 'all showed one token'
is "$(cat "$(state_dir)"/agent-logs/*.log | grep -a -c session.lifecycle)" 0 'what concerns others is in no log'
is "$(server_pids)" '' 'the server is ended'
is "$(ls "$(state_dir)/job")" '' 'and forgotten'
is "$(ls -A "$(state_dir)"/agent-logs | grep -c '^it.server.log$')" 1 'its log is kept'

# What its sessions run it starts, by its own environment.
plain=$PATH PATH=$GANGER_SOURCE/test/fake:$PATH
shared 'attempts: 1' "env >'$T/server.env'; exec '$talker' copilot \$GANGER_SERVE"
echo 'tracker: beads' >>ganger.yaml && echo .beads >.gitignore && git add -A && git commit -q -m beads
epic=$(ganger add 'An epic')
job works '%%sh echo 1 >file
%%sh git add -A && git commit -qm work
%%say done'
run timeout 60 "$GANGER" run "$epic" --yes
code_is 0 'with issues in Beads'
is "$(sed -n 's/^BEADS_DIR=//p' "$T/server.env")" "$PWD/.beads" 'the server knows the store for its sessions'
PATH=$plain

# What the server did for a session and left there ends with the session, not with the server.
shared 'attempts: 1, grace: 1s'
job left '%%sh setsid sleep 600 >/dev/null 2>&1 & echo $! > left.txt
%%say done'
job other '%%tell '"$T/here"'
%%wait '"$T/go"'
%%write other.txt x
%%say done'
go_on
ok 'another session is at work' wait_line "$T/here"
ok 'the first one lands' wait_file "$T/run.out" 'merged '
not_ok 'what it left running is gone' kill -0 "$(git show "epic/$epic:left.txt")"
is "$(the_server | wc -l)" 1 'while the server lives'
echo go >"$T/go"
wait "$supervisor"
is "$? $(server_pids)" '0 ' 'and ends when no session is left'

# The server dies in the middle of two turns, one with something said that it has not taken up.
shared 'attempts: 1'
job one '%%sh echo one > one.txt
%%tell '"$T/here"'
%%wait '"$T/go"'
%%write two.txt two
%%say done'
job three '%%sh echo three > three.txt
%%tell '"$T/here2"'
%%wait '"$T/go2"'
%%write four.txt four
%%say done'
go_on
ok 'two sessions are at work' both_begin
first=$(the_server)
is "$(wc -w <<<"$first")" 1 'on one server'
run ganger send "${id[three]}" '%%sh echo five > five.txt'
code_is 0 'one is told something'
kill -9 $first
ok 'the server is started again' wait_file "$T/run.out" "server of agent 'it' died: it is started again"
(echo go >"$T/go") & (echo go >"$T/go2") &
wait "$supervisor"
is "$?" 0 'the epic is brought home' || note "$(cat "$T/run.out" "$T/heard")"
wait
is "$(tree | paste -sd ' ')" 'README five.txt four.txt ganger.yaml one.txt three.txt two.txt' 'all was done'
is "$(grep -c session.resume "$T/heard")" 2 'both sessions were resumed'
is "$(said | sort | uniq -d)" '' 'nothing was said twice'
is "$(said | grep -c 'You were interrupted')" 2 'each was asked to go on'
is "$(ganger status "$epic" --json | jq -c '[.tasks[].attempt]')" '[1,1]' 'in one attempt each'
is "$(server_pids)" '' 'no server is left'

# So does the supervisor; and both.
for both in '' both; do
	shared 'attempts: 1'
	job one '%%sh echo one > one.txt
%%tell '"$T/here"'
%%wait '"$T/go"'
%%write two.txt two
%%say done'
	job three '%%sh echo three > three.txt
%%tell '"$T/here2"'
%%wait '"$T/go2"'
%%write four.txt four
%%say done'
	go_on
	ok 'two sessions are at work' both_begin
	first=$(the_server)
	kill -9 "$supervisor"
	wait "$supervisor" 2>/dev/null
	[ -z "$both" ] || kill -9 $first
	go_on
	if [ -z "$both" ]; then
		ok 'another supervisor takes them over' wait_file "$T/run.out" 'adopted process'
		is "$(the_server)" "$first" 'with their server'
	else
		ok 'another supervisor starts their server again' wait_file "$T/run.out" 'it is started again'
	fi
	(echo go >"$T/go") & (echo go >"$T/go2") &
	wait "$supervisor"
	is "$?" 0 "the epic is brought home by another supervisor ${both:+and server}" ||
		note "$(cat "$T/run.out" "$T/heard")"
	wait
	is "$(tree | paste -sd ' ')" 'README four.txt ganger.yaml one.txt three.txt two.txt' 'all was done'
	is "$(said | sort | uniq -d)" '' 'nothing was said twice'
	is "$(said | wc -l)" "$([ "$both" ] && echo 4 || echo 2)" 'and nothing more than it takes'
	is "$(ganger status "$epic" --json | jq -c '[.tasks[].attempt]')" '[1,1]' 'in one attempt each'
	is "$(server_pids)" '' 'no server is left'
done

# Cancelled: the session ends, not the server.
shared 'grace: 30s'
job gone '%%tell '"$T/here"'
%%hang'
job stays '%%tell '"$T/here2"'
%%wait '"$T/go2"'
%%write stays.txt x
%%say done'
go_on
ok 'two sessions are at work' both_begin
run ganger cancel "${id[gone]}"
code_is 0 'one is cancelled'
ok 'and is' wait_file "$T/run.out" ' cancelled'
echo go >"$T/go2"
wait "$supervisor"
is "$(state stays)" closed 'the other one is done' || note "$(cat "$T/run.out")"

# Silence is that of a session, whatever others do, and it is taken up again on the same server.
shared 'attempts: 2, silence: 2s, grace: 1s'
job hangs "%%sh echo early > early.txt
%%sh if [ -e $T/once ]; then touch $T/twice; else touch $T/once; cat $T/go2; fi
%%say done"
job busy "%%sh until [ -e $T/twice ]; do date > tick; sleep 0.2; done; rm tick
%%say ganger: nothing to do"
run timeout 60 "$GANGER" run "$epic" --yes
is "$code $(state hangs) $(state busy)" '0 closed closed' 'what hangs is ended, and done when tried again' ||
	note "$(cat "$T/out")"
is "$(ganger status "$epic" --json | jq -c '[.tasks[].attempt]')" '[2,1]' 'while others go on'
is "$(jq -r 'select(.type == "session").id' "$(state_dir)/agent-logs/${id[hangs]}".*events.jsonl | sort -u | wc -l)" 1 \
	'in its session'
is "$(tree | grep -c early)" 1 'with its work'

# It cannot be started.
shared 'attempts: 1' "echo 'not logged in' >&2; exit 3"
job fails '%%say x'
run timeout 60 "$GANGER" run "$epic" --yes
is "$(state fails)" failed 'without a server an attempt fails'
err_like "server of agent 'it' could not be started" 'which is said'
like "$(ganger status "$epic" --json)" 'not logged in' 'with its words'

# Not for all kinds.
shared
sed -i 's/kind: copilot/kind: claude/' ganger.yaml
run ganger run "$epic" --yes
code_is 2 'a kind that cannot share one says so'
err_like "kind 'claude' cannot share a server" 'and which'
done_testing
