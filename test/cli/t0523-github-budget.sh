#!/usr/bin/env bash
# Two runs with one login share its budget: what GitHub tells the one holds for the other, and between any two
# writes there is github.write_interval. So it is after a crash.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
WAIT_S=100

hub both '"issues": [
	{"number": 1, "title": "A", "children": [2, 3]}, {"number": 2, "title": "t2"}, {"number": 3, "title": "t3"},
	{"number": 4, "title": "B", "children": [5, 6]}, {"number": 5, "title": "t5"}, {"number": 6, "title": "t6"}]'
on_hub+=(-c tracker=github -c github.write_interval=300ms)
control conf '{"write_interval": 0.3}' >/dev/null
strike '{"act": "secondary", "seconds": 2, "method": "POST", "route": "*/pulls"}'
ganger "${on_hub[@]}" run 1 --yes >"$T/one.log" 2>&1 &
one=$!
ganger "${on_hub[@]}" run 4 --yes >"$T/two.log" 2>&1 &
two=$!
wait "$one"
code=$?
wait "$two"
is "$code $? $(closed)" '0 0 2 3 5 6' 'two epics at once come home'
is "$(control asked | jq '.faults[0].done')" 1 'a limit was met by one of them'
is "$(books)" '' 'none asked while it held, and writes had time between them'
is "$(find "$XDG_STATE_HOME/ganger" -name '*test-token*' | wc -l) $(grep -rl test-token "$XDG_STATE_HOME" | wc -l)" '0 0' \
	'the login is not in what they share'

# Who comes after one that died in the middle of it waits as well.
hub_epic 1 '' after
strike '{"act": "secondary", "seconds": 3, "method": "POST", "route": "*/pulls"}'
start "${on_hub[@]}"
wait_file "$T/run.err" 'wait until'
killed
go "${on_hub[@]}"
is "$code $(closed) $(books)" '0 2 ' 'after a kill the next run waits as it was told'

# Another login has its own.
hub_epic 1 '' other
control conf '{"tokens": {"test-token": "ganger-bot", "other-token": "other-bot", "human-token": "person"}}' >/dev/null
strike '{"act": "secondary", "seconds": 60, "method": "GET", "route": "*/sub_issues"}'
run timeout 10 "$GANGER" "${on_hub[@]}" plan 1
GITHUB_TOKEN=other-token run timeout 20 "$GANGER" "${on_hub[@]}" plan 1
is "$code $(books)" '0 ' 'another login waits for nothing'
hub_down
done_testing
