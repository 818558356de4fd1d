#!/usr/bin/env bash
# kill -9 of the supervisor, of a shim, of both, of helpers' parents; agents that go on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# at_gate TITLE: its agent waits at the gate, then commits.
at_gate()
{
	does "$1" 'echo half >"$GANGER_TITLE.half"; flock -s "$T/gate" true; echo 1 >"$GANGER_TITLE"; echo "$GANGER_TITLE ended" >>"$T/ends"'
}

pid_of()
{
	sed -n "s/^$1 $2 \([0-9]*\) .*/\1/p" "$T/ran"
}

parent()
{
	sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f2
}

# The supervisor dies; its agents go on, and the next one adopts them.
scene
for title in one two; do
	task $title
	at_gate $title
done
task third one
hold
start
ok 'two agents work' wait_lines "$T/ran" 2
one=$(pid_of one 1) two=$(pid_of two 1)
ok 'the journal knows them' wait_json "$(epic_dir)/swarm-pids.json" "\"pid\":$two"
killed
ok 'the agents outlive it' alive "$one"
is "$(ganger status "$epic" --json | jq -c '.supervisor')" '{"pid":null,"alive":false}' 'status says that it is dead'
is "$(status '$t.one.pid')" "$one" 'and still knows the agents'
start
ok 'the next one adopts the first' wait_file "$T/run.err" "^adopted process $one of task ${id[one]}$"
ok 'and the second' wait_file "$T/run.err" "^adopted process $two of task ${id[two]}$"
is "$(status '[$t.one.pid, $t.two.pid] | @json')" "[$one,$two]" 'with the same process ids'
is "$(jq -c '[.agents[].pid] | sort' "$(epic_dir)/swarm-pids.json")" \
	"$(jq -nc "[$one,$two] | sort")" 'also in swarm-pids.json'
killed
start
ok 'once more' wait_file "$T/run.err" "^adopted process $two of task ${id[two]}$"
release
ended
code_is 0 'all comes home'
is "$(ran one) $(ran two) $(ran third)" '1 1 1' 'no agent ran twice'
is "$(sorted_landings)" "${id[one]} ${id[two]} ${id[third]}" 'each landed once'
is "$(status '[.tasks[].pr] | sort | @json')" '[1,2,3]' 'no pull request twice'
nothing_left 'nothing is left'

# An agent that ends while nobody watches: its end is found.
scene unwatched
task one
at_gate one
hold
start
ok 'it works' wait_lines "$T/ran" 1
ok 'it is known' wait_json "$(epic_dir)/swarm-pids.json" '"pid":'
: >"$T/ends"
shim=$(parent "$(pid_of one 1)")
killed
release
ok 'it ends while no supervisor is there' wait_file "$T/ends" '^one ended'
ok 'and so does its shim' wait_gone "$shim"
go
code_is 0 'the next run takes its work'
is "$(ran one) $(landings)" "1 ${id[one]}" 'without running it again'

# The limits hold while the supervisor is dead.
scene limits
task one
does one 'echo half >one; exec tail -f /dev/null'
start -c limits.timeout=2s -c limits.attempts=1
ok 'it works' wait_lines "$T/ran" 1
killed
ok 'limits.timeout ends it without a supervisor' wait_gone "$(pid_of one 1)"
go -c limits.timeout=2s -c limits.attempts=1
code_is 1 'the next run finds out'
like "$(why one)" 'limits\.timeout' 'by what it was ended'
is "$(ran one)" 1 'and that it counted'

# The shim dies: the agent is lost, is ended, and the attempt does not count.
for with in alone supervisor; do
	scene "shim-$with"
	task one
	task two one
	does one 'echo $$ >>"$T/first"; echo half >half
[ "$GANGER_ATTEMPT" != 1 ] || { setsid sh -c "echo \$\$ >\"$T/lost.pid\"; exec tail -f /dev/null" & exec tail -f /dev/null; }
ls >"$T/saw"; echo 1 >one'
	rm -f "$T/lost.pid"
	start -c limits.attempts=1
	ok 'it works' wait_file "$T/lost.pid" '^[0-9]'
	one=$(pid_of one 1)
	ok 'it is known' wait_json "$(epic_dir)/swarm-pids.json" "\"pid\":$one"
	[ $with = alone ] || killed
	kill -9 "$(parent "$one")"
	[ $with = alone ] || start -c limits.attempts=1
	ended
	code_is 0 "the shim is killed, $with: it comes home"
	not_ok 'the lost agent is ended' alive "$one"
	not_ok 'and its child in another session' alive "$(cat "$T/lost.pid")"
	is "$(ran one) $(ran two)" '2 1' 'it is run once more, for it did not count'
	like "$(cat "$T/saw")" '^half$' 'from what it had done'
	is "$(landings | wc -w)" 2 'each landed once'
	nothing_left 'nothing is left'
done

# The disk was full as it died, and is not any more.
scene full
task one
task two one
at_gate one
hold
start
ok 'it works' wait_lines "$T/ran" 1
killed
python3 -c 'import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE run SET \"full\" = 1")
db.commit()
os._exit(0) # without closing it: that would take the log away, which is damage' "$(echo $(epic_dir))/journal.db"
release
go
code_is 0 'a disk that was full as the supervisor died is looked at by the next'
is "$(landings)" "${id[one]} ${id[two]}" 'and all comes home'

# Limits of what does not count.
scene interruptions
task one
does one 'kill -9 $PPID; exec tail -f /dev/null'
go -c limits.interruptions=2
code_is 1 'what is always interrupted fails in the end'
like "$(why one)" 'interrupted 3 times \(limits\.interruptions\)' 'and says so'
is "$(ran one)" 3 'after as many tries'
nothing_left 'nothing is left'
done_testing
