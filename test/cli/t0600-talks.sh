#!/usr/bin/env bash
# Agents that are talked to, by a stand-in for each wire: permissions, orders, endings, crashes.
# usage: t0600-talks.sh [WIRE...]
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
talker=$GANGER_SOURCE/test/fake/talker
command -v python3 >/dev/null || skip_all 'no python3'
mkfifo "$T/here" "$T/go"

# wire KIND [LIMITS [PERMISSIONS [ARGUMENTS]]]: a repository with that kind's stand-in as its agent,
# and an epic.
wire()
{
	kind=$1
	rm -rf "$T/$kind"
	repo "$kind"
	cat >ganger.yaml <<-END
		agents:
		  it:
		    kind: $kind
		    command: >-
		      exec '$talker' $kind \${GANGER_SESSION:+--resume \$GANGER_SESSION}${4:-}
		    env: {TALKER_HEARD: '$T/heard'}
		    permissions: [${3:-}]
		retry: {delay: 10ms}
		limits: {${2:-}}
		hooks: {notify: "cat >>'$T/notified'; echo >>'$T/notified'"}
	END
	git add ganger.yaml && git commit -q -m settings || exit 1
	epic=$(ganger add 'An epic')
	: >"$T/heard"
	: >"$T/notified"
}

# job TITLE LINES: a task whose agent does that.
job()
{
	id[$1]=$(ganger add "$1" --epic "$epic" --body "$2")
}

logs_of()
{
	printf %s "$XDG_STATE_HOME"/ganger/"$kind"-*/"$epic"/agent-logs/
}

events_of()
{
	printf %s "$(logs_of)${id[$1]}.events.jsonl"
}

# go_on: the supervisor in the background; its pid in $supervisor.
go_on()
{
	"$GANGER" run "$epic" --yes >"$T/run.out" 2>&1 &
	supervisor=$!
}

tokens()
{
	ganger status "$epic" --json | jq -c --arg id "${id[$1]}" '.tasks[] | select(.id == $id) | .tokens'
}

[ $# -gt 0 ] || set -- claude codex acp copilot
for k; do
	# What it does, and may not do.
	wire $k 'attempts: 1, grace: 1s'
	job works '%%sh echo one > one.txt
%%write two.txt two
%%write '"$T/outside.txt"' x
%%sh git add -A && git commit -qm work
%%say all done'
	job refused '%%say I try
%%fail 400 no such thing'
	job leaves '%%leave 0'
	job idle '%%say ganger: nothing to do'
	run timeout 60 "$GANGER" run "$epic" --yes
	code_is 1 "$k: an epic with failures ends with 1"
	is "$(state works)" closed "$k: what works, lands" || note "$(cat "$T/out")"
	is "$(tree | paste -sd ' ')" 'README ganger.yaml one.txt two.txt' \
		"$k: with what it was permitted to do"
	not_ok "$k: and nothing outside" test -e "$T/outside.txt"
	is "$(tokens works)" '{"in":5000,"out":250}' "$k: tokens are counted"
	is "$(state refused)" failed "$k: a refusal of the model is a failure"
	like "$(ganger status "$epic" --json)" 'its turn failed: .*no such thing' "$k: with its words"
	is "$(state leaves)" failed "$k: to end without a record of success, too"
	is "$(state idle)" closed "$k: nothing to do is done"
	run ganger logs "${id[works]}"
	out_like '^all done$' "$k: logs shows what it said"
	out_like '^! denied: .*outside.txt' "$k: and what it was denied"
	unlike "$(cat "$T/out")" '^\{' "$k: and no JSON"
	run ganger logs "${id[works]}" --raw
	is "$(cat "$T/out")" "$(cat "$(logs_of)${id[works]}.log")" "$k: --raw is its log"
	ok "$k: its events are lines of JSON" jq -e .type "$(events_of works)"
	run ganger send "${id[works]}" hello
	code_is 2 "$k: nobody can be told when it is over"

	# Orders, and a person's decision.
	wire $k 'attempts: 1' "'ask write(asked*)', 'deny run(rm *)'"
	job told '%%tell '"$T/here"'
%%wait '"$T/go"'
%%sh rm -f ganger.yaml
%%write asked.txt x
%%write asked2.txt x
%%say done'
	go_on
	ok "$k: it is at work" wait_line "$T/here"
	"$GANGER" attach "${id[told]}" >"$T/attached" 2>&1 &
	attached=$!
	run ganger send "${id[told]}" '%%sh echo said > said.txt'
	code_is 0 "$k: it is told something" || note "$(cat "$T/err")"
	echo go >"$T/go"
	ok "$k: it asks a person" wait_file "$(events_of told)" '"ask".*asked.txt|asked.txt.*"ask"'
	run ganger status "$epic"
	out_like "asks for .*asked.txt: 'ganger send ${id[told]} --allow 1.1' or '--deny 1.1'" \
		"$k: status says so"
	run ganger report "$epic"
	out_like "^      ganger send --deny ${id[told]} 1.1\$" "$k: and the report how to answer"
	ok "$k: hooks.notify hears it" wait_file "$T/notified" '"needs a person".*asks: .*asked.txt.* 1.1'
	run ganger send "${id[told]}" ''
	code_is 2 "$k: to say nothing is no answer"
	run ganger send "${id[told]}" --allow
	code_is 0 "$k: who allows it"
	ok "$k: it asks again" wait_file "$(events_of told)" '"ask".*asked2.txt|asked2.txt.*"ask"'
	run ganger send "${id[told]}" --allow 1.1
	code_is 2 "$k: what answers the first question is not taken for the second"
	err_like "it does not ask '1.1', but 1.2 \(may it use .*asked2.txt" "$k: which is named"
	run ganger send "${id[told]}" --deny 1.2
	code_is 0 "$k: or denies it, by its name"
	wait "$supervisor"
	is "$?" 0 "$k: the epic is done" || note "$(cat "$T/run.out")"
	is "$(tree | paste -sd ' ')" 'README asked.txt ganger.yaml said.txt' \
		"$k: what was allowed and said was done, what was denied was not"
	like "$(cat "$T/run.out")" 'asks: may it use .*asked.txt' "$k: the run says that it asks"
	wait "$attached"
	is "$?" 0 "$k: who watched it was there to its end"
	like "$(cat "$T/attached")" '^done$' "$k: and saw what it said"
	like "$(cat "$T/attached")" 'echo said > said.txt' "$k: what it was told"
	like "$(cat "$T/attached")" 'asked2.txt' "$k: and what it asked"

	# A crash of the supervisor in the middle of a turn, with an order before and a question open.
	wire $k 'attempts: 1'
	job crash '%%sh echo one > one.txt
%%tell '"$T/here"'
%%wait '"$T/go"'
%%write two.txt two
%%tell '"$T/here"'
%%wait '"$T/go"'
%%say done'
	go_on
	ok "$k: it is at work" wait_line "$T/here"
	ganger send "${id[crash]}" '%%sh echo three > three.txt' >/dev/null
	kill -9 "$supervisor"
	wait "$supervisor" 2>/dev/null
	echo go >"$T/go" # its next question is asked of nobody
	go_on
	ok "$k: another supervisor answers what it asks" wait_line "$T/here"
	kill -9 "$supervisor"
	wait "$supervisor" 2>/dev/null
	go_on
	echo go >"$T/go"
	wait "$supervisor"
	is "$?" 0 "$k: and a third brings it home" || note "$(cat "$T/run.out")"
	is "$(tree | paste -sd ' ')" \
		'README ganger.yaml one.txt three.txt two.txt' "$k: all of it was done"
	is "$(sort "$T/heard" | uniq -d)" '' "$k: and nothing was said twice"
	is "$(grep -c '"type":"tool"' "$(events_of crash)")" 3 "$k: nor told twice"
	is "$(ganger status "$epic" --json | jq '.tasks[0].attempt')" 1 "$k: in one attempt"

	# Silence, and going on in the same session.
	wire $k 'attempts: 6, silence: 2s, grace: 2s'
	job hangs "%%sh test -e $T/once.$k || echo early > early.txt
%%sh test -e $T/once.$k && echo late > late.txt
%%sh echo > $T/once.$k
%%sh test -e late.txt || kill -STOP \$PPID
%%say done"
	run timeout 60 "$GANGER" run "$epic" --yes
	code_is 0 "$k: what hangs is ended and tried again" || note "$(cat "$T/out" "$T/err")"
	is "$(tree | paste -sd ' ')" 'README early.txt ganger.yaml late.txt' \
		"$k: it went on from its work"
	is "$(jq -r 'select(.type == "session").id' "$(logs_of)${id[hangs]}".*events.jsonl | sort -u | wc -l)" 1 \
		"$k: and in its session"

	# Its log is what the talk follows from, and cannot be cut while it goes on.
	wire $k 'attempts: 1, log: 64KiB, grace: 2s'
	job long "%%sh head -c 400000 /dev/zero | tr '\\0' x
%%hang"
	run timeout 60 "$GANGER" run "$epic" --yes
	is "$(state long)" failed "$k: what writes without end is broken off"
	err_like 'more than 4 times limits.log' "$k: which is said"

	# So many tools, and no more.
	wire $k 'attempts: 1, tools: 3, grace: 2s'
	job busy '%%sh echo 1 >> n.txt
%%sh echo 2 >> n.txt
%%sh echo 3 >> n.txt
%%sh echo 4 >> n.txt
%%sh sleep 1; echo 5 >> n.txt
%%sh sleep 1; echo 6 >> n.txt
%%hang'
	run timeout 60 "$GANGER" run "$epic" --yes
	is "$(state busy)" failed "$k: what uses too many tools is broken off"
	err_like 'more tools than limits.tools' "$k: which is said"

	# So many tokens, and so much money, while it works: some tell both, some one of them.
	spends='%%sh echo 1 >> n.txt
%%sh echo 2 >> n.txt
%%sh echo 3 >> n.txt
%%sh echo 4 >> n.txt
%%hang'
	if [ $k != acp ]; then
		wire $k 'attempts: 1, attempt_tokens: 3500, grace: 2s, timeout: 20s'
		job spends "$spends"
		run timeout 60 "$GANGER" run "$epic" --yes
		like "$(why spends)" '^broken off: it uses more than limits.attempt_tokens' \
			"$k: what uses too many tokens is broken off" || note "$(cat "$T/err")"
		ok "$k: which is among its events" grep -q '"error".*limits.attempt_tokens' "$(events_of spends)"
	fi
	wire $k 'attempts: 1, attempt_cost: 0.035, grace: 2s, timeout: 20s' '' \
		"$([ $k != claude ] || echo ' ${GANGER_ATTEMPT_COST:+--max-budget-usd $GANGER_ATTEMPT_COST}')"
	if [ $k = claude ] || [ $k = acp ]; then
		job dear "$spends"
		run timeout 60 "$GANGER" run "$epic" --yes
		like "$(why dear)" '^broken off: it costs more than limits.attempt_cost' \
			"$k: what costs too much is broken off" || note "$(cat "$T/err")"
		is "$(ganger status "$epic" --json | jq '.tasks[0].cost_usd')" 0.04 "$k: and what it cost is told"
	else
		job quick '%%say ganger: nothing to do'
		run timeout 60 "$GANGER" run "$epic" --yes
		err_like "limits.attempt_cost does not hold for agent 'it': kind '$k' tells no cost" \
			"$k: tells no cost, which is said"
		wire $k 'attempts: 1, attempt_cost: 0.035, grace: 2s, timeout: 20s'
		job dear "$spends"
		run timeout 60 "$GANGER" -c agents.it.price_in=10 run "$epic" --yes
		like "$(why dear)" '^broken off: it costs more than limits.attempt_cost' \
			"$k: with a price of its tokens it is broken off" || note "$(cat "$T/err")"
		is "$(ganger status "$epic" --json | jq '.tasks[0].cost_usd')" 0.04 "$k: and they are its cost"
		unlike "$(cat "$T/err")" '(does|may) not hold' "$k: which holds, and nothing else is said"
	fi

	# Cancelled.
	wire $k
	job cancelled '%%sh echo x > x.txt
%%tell '"$T/here"'
%%hang'
	go_on
	ok "$k: it is at work" wait_line "$T/here"
	run ganger cancel "${id[cancelled]}"
	code_is 0 "$k: it is cancelled"
	wait "$supervisor"
	is "$(state cancelled) $(why cancelled)" 'cancelled cancelled' "$k: and is, for that alone"
	like "$(tail -n 2 "$T/heard")" 'interrupt|cancel|abort' "$k: it was told to break off"

	# Stopped at once: that is no failure of its own, and costs no attempt.
	wire $k 'attempts: 1'
	job stopped '%%sh echo x > x.txt
%%tell '"$T/here"'
%%hang'
	go_on
	ok "$k: it is at work" wait_line "$T/here"
	run ganger stop --now
	code_is 0 "$k: the run is stopped"
	wait "$supervisor"
	is "$? $(state stopped) $(why stopped)" '130 ready to be tried again: stopped by us' \
		"$k: and its task is to be tried again"
	ok "$k: its work is kept" git cat-file -e "refs/ganger/$epic/${id[stopped]}/1:x.txt"
done
done_testing
