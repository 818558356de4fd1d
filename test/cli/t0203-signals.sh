#!/usr/bin/env bash
# What ends a run before its end: signals, once and twice, the terminal that goes, what follows.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# waits TITLE: a task whose agent waits at the gate, then commits; a child of it has a session of
# its own and says its number.
waits()
{
	task "$@"
	does "$1" 'echo half >"$GANGER_TITLE.half"
setsid sh -c "echo \$\$ >>\"$T/children\"; exec tail -f /dev/null" >/dev/null 2>&1 &
flock -s "$T/gate" true
echo 1 >"$GANGER_TITLE"'
}

for signal in INT TERM; do
	scene "first-$signal"
	waits one
	waits two
	task third one
	task fourth
	hold
	start --max-concurrent 2 -c queue.check=true
	ok 'two agents work' wait_lines "$T/ran" 2
	kill -s "$signal" "$supervisor"
	ok "SIG$signal is answered" wait_file "$T/run.err" '^Shutting down gracefully'
	is "$(cat "$T/run.err")" 'Shutting down gracefully. Waiting for 2 running agents to complete...' \
		'with this sentence'
	release
	ended
	code_is 1 'with work left: exit 1'
	is "$(ran one) $(ran two) $(ran third) $(ran fourth)" '1 1 0 0' 'nothing more was claimed'
	is "$(sorted_landings)" "${id[one]} ${id[two]}" 'and what was under way has landed'
	like "$(cat "$T/out")" '^stopped: 2 of 4 done' 'it says that it was stopped'
	nothing_left 'nothing is left'
	go
	code_is 0 'the next run brings the rest home'
	is "$(ran one) $(ran two) $(ran third) $(ran fourth)" '1 1 1 1' 'each agent ran once'
	is "$(landings | wc -w)" 4 'and each landed once'

	scene "second-$signal"
	: >"$T/children"
	waits one
	waits two
	hold
	start
	ok 'two agents work, with a child each' wait_lines "$T/children" 2
	kill -s "$signal" "$supervisor"
	ok 'the first signal waits' wait_file "$T/run.err" '^Shutting down gracefully'
	kill -s "$signal" "$supervisor"
	ended
	code_is 130 "a second SIG$signal: exit 130"
	nothing_left 'the agents are ended, with all that they started'
	for title in one two; do
		is "$(git show "refs/ganger/$epic/${id[$title]}/1:$title.half")" half 'their work is in a ref'
	done
	release
	does one 'ls >"$T/saw"; rm -f one.half; echo 1 >one'
	go
	code_is 0 'the next run goes on'
	like "$(cat "$T/saw")" '^one.half$' 'from what was there'
	is "$(state one) $(state two) $(status '$t.one.attempt')" 'closed closed 2' 'and ends'
	is "$(landings | wc -w)" 2 'each landed once'
done

# The signal reaches the supervisor alone, also where a terminal sends it to the group.
scene group
waits one
hold
set -m
start
set +m
ok 'an agent works' wait_lines "$T/ran" 1
kill -INT -- "-$supervisor"
ok 'SIGINT to the group' wait_file "$T/run.err" '^Shutting down gracefully. Waiting for 1 running'
release
ended
is "$(state one) $(ran one)" 'closed 1' 'does not reach the agent'

# SIGHUP: the output goes on in run.log, and so does the run.
scene hangup
waits one
task two one
hold
start
ok 'an agent works' wait_lines "$T/ran" 1
kill -HUP "$supervisor"
release
ended
code_is 0 'SIGHUP does not end the run'
is "$(landings | wc -w)" 2 'all landed'
ok 'the output went on in run.log' grep -q " ${id[two]}  merged " "$(epic_dir)/run.log"
not_ok 'and not to where it was' grep -q " ${id[two]}  merged " "$T/run.out"

# stop and stop --now are the same as the signals.
scene stop
waits one
task two one
hold
start
ok 'an agent works' wait_lines "$T/ran" 1
run ganger stop
code_is 0 'stop is taken'
release
ended
code_is 1 'as the first signal'
is "$(state one) $(ran two)" 'closed 0' 'what was under way has landed, nothing else began'
waits two one
hold
start
ok 'the next works' wait_file "$T/ran" '^two '
run ganger stop --now
code_is 0 'stop --now is taken'
ended
code_is 130 'as the second signal'
release
nothing_left 'nothing is left'

# A run that is over starts nothing.
scene over
task one
go
code_is 0 'a run to its end'
before=$(git rev-parse "epic/$epic")
go
code_is 0 'again: it ends as it ended'
is "$(ran one) $(git rev-parse "epic/$epic")" "1 $before" 'and starts nothing'
task two
go
code_is 0 'with a child more it goes on'
is "$(ran one) $(ran two)" '1 1' 'with that one'
hold
waits three
start
ok 'one supervisor works' wait_file "$T/ran" '^three '
go
code_is 4 'a second one for the epic cannot'
err_like "^hint: 'ganger top " 'and it is said how to watch the first'
err_like "$supervisor" 'and names the first'
release
ended
code_is 0 'which goes on'

# On a terminal: stopped by the user, who looks at something else, and goes on.
cat >"$T/terminal.py" <<'END'
import os, pty, re, signal, sys

folder, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execve(argv[0], argv, {**os.environ, "TERM": "xterm"})
seen = b""


def until(what):
    global seen
    while not re.search(what, seen):
        seen += os.read(fd, 4096)


signal.alarm(20)
open(folder + "/here").read()  # the agent is at work
until(b"1 working")
os.kill(pid, signal.SIGSTOP)
os.waitpid(pid, os.WUNTRACED)
os.kill(pid, signal.SIGCONT)
# A frame on a line of its own, which does not go up over what stands above it.
seen = b""
until(rb"\n\x1b\[\?25l\r(?!\x1b\[\d*A)\x1b?.")
print("below")
open(folder + "/go", "w").write("\n")
try:
    while os.read(fd, 4096):
        pass
except OSError:
    pass
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
scene terminal
task shown
mkfifo "$T/here" "$T/go"
does shown 'echo here >"$T/here"; read -r line <"$T/go"; echo 1 >shown'
is "$(python3 "$T/terminal.py" "$T" "$GANGER" run "$epic")" 'below
0' 'the board begins anew below what was written meanwhile'
done_testing
