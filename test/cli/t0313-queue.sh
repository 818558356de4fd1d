#!/usr/bin/env bash
# A person's order in the merge queue: what is shown of it, hold, release, move.
. "$(dirname "$0")/lib.sh"
repo

cat >ganger.yaml <<END
agents: {it: {command: ["$T/bin/agent"], env: {T: "$T"}}}
queue: {check: "if test -e pause; then echo here >$T/here; read -r line <$T/go; fi"}
END
program agent <<'END'
#!/bin/sh
exit 1
END
git add . && git commit -qm settings
mkfifo "$T/here" "$T/go"

# branch NAME: one commit on top of main, and back.
branch()
{
	git switch -q -C "$1" main && echo "$1" >"$1" && git add "$1" && git commit -qm "$1" &&
		git switch -q main
}

# entries FIELD: of each entry of the queue, in order.
entries()
{
	ganger queue "$epic" --json | jq -r "[.queue[].$1] | join(\" \")"
}

landings()
{
	git log --reverse --first-parent --format='%s' "main..epic/$epic" | sed 's/ (#.*//' | paste -sd ' '
}

epic=e
for name in one two three four; do
	branch "$name"
done
ganger submit --epic "$epic" one two three four >"$T/ids" 2>/dev/null
mapfile -t id <"$T/ids"

# Where no supervisor runs, on the journal.
run ganger queue
code_is 0 'the queue is shown'
out_like "^ +1 +${id[0]}  queued +[#0-9]* +$(git rev-parse one | cut -c 1-12)  one  \(waits for: a supervisor\)$" \
	'with place, id, state, head, title and what it waits for'
out_like "^ +2 +${id[1]}  queued .*  two  \(waits for: its turn\)$" 'each'
is "$(entries title) $(entries place)" 'one two three four 1 2 3 4' 'in the order of arrival'
is "$(entries head)" "$(git rev-parse one two three four | paste -sd ' ')" 'as JSON with the whole commit'
run ganger queue move "${id[2]}" first
code_is 0 'an entry is moved'
out_is "moved: ${id[2]}" 'which is said'
is "$(entries title)" 'three one two four' 'it is the first'
run ganger queue move "${id[2]}" 3
is "$(entries title)" 'one two three four' 'and the third'
for place in 0 last -1 '' 2x; do
	run ganger queue move "${id[2]}" "$place"
	code_is 2 "'$place' is no place"
done
run ganger queue move "${id[2]}"
code_is 2 'nor is none'
run ganger queue hold "${id[1]}" 77
code_is 2 'what is not there cannot be held'
is "$(entries held)" 'false false false false' 'and then nothing is'
run ganger queue hold "${id[1]}"
out_is "held in the queue: ${id[1]}" 'an entry is held'
run ganger queue
out_like "^ +2 .*two  \(waits for: held in the queue until 'ganger queue release ${id[1]}'\)$" 'which the queue says'
run ganger status
out_like "ganger queue release ${id[1]}" 'and status'
run ganger queue release "${id[0]}"
code_is 2 'what is not held cannot be released'
err_like "task '${id[0]}' is not held" 'which is said'
run ganger queue sort it
code_is 2 'anything else is no order'

# The run lets the others pass, and ends with what a person has to do.
run ganger queue move "${id[3]}" first
run ganger run "$epic"
code_is 3 'a run that leaves a held entry needs a person'
is "$(landings)" 'four one three' 'the others landed, in the order asked for'
run ganger report
out_like "^ +ganger queue release ${id[1]}$" 'the report has the command'
run ganger queue release "${id[1]}"
code_is 0 'released'
run ganger run "$epic"
code_is 0 'the next run lands it'
is "$(landings)" 'four one three two' 'once'
run ganger queue hold "${id[1]}"
code_is 2 'what has landed cannot be held'

# queue.approve: person. What is approved is the commit that is queued.
branch seven
branch eight
mapfile -t id < <(ganger submit --epic "$epic" seven eight 2>/dev/null)
run ganger -c queue.approve=person run "$epic"
code_is 3 'what nobody approved needs a person'
is "$(landings)" 'four one three two' 'and does not land'
is "$(entries needs_approval)" 'true true' 'which the queue says'
run ganger status
out_like "not approved at $(git rev-parse seven | cut -c 1-12): 'ganger approve ${id[0]}' lets it land" 'and status'
run ganger report
out_like "^ +ganger approve ${id[1]}$" 'the report has the command'
run ganger approve "${id[1]}"
out_is "approved: ${id[1]} at $(git rev-parse eight | cut -c 1-12)" 'one is approved'
run ganger approve "${id[1]}"
code_is 2 'once is enough'
run ganger approve "${id[0]}"
git switch -q seven && git commit -q --allow-empty -m more && git switch -q main
run ganger submit --epic "$epic" seven
run ganger -c queue.approve=person run "$epic"
code_is 3 'its branch went on since'
is "$(landings)" 'four one three two eight' 'what was approved landed, and no more'
run ganger approve "${id[0]}"
run ganger -c queue.approve=person run "$epic"
code_is 0 'approved as it is now'
is "$(landings)" 'four one three two eight seven' 'it lands'

# A live supervisor is asked through its socket; what it is merging has its place.
branch pause
branch five
branch six
mapfile -t id < <(ganger submit --epic "$epic" pause five six 2>/dev/null)
"$GANGER" run "$epic" >"$T/run.out" 2>&1 &
pid=$!
ok 'the first is at its check' wait_line "$T/here"
is "$(entries place)" ' 1 2' 'it has no number any more'
run ganger queue hold "${id[0]}"
code_is 2 'it cannot be held'
run ganger queue move "${id[0]}" 2
code_is 2 'nor moved'
run ganger queue move "${id[2]}" first
code_is 0 'one behind it can'
unlike "$(cat "$T/err")" 'no supervisor runs' 'by the supervisor'
run ganger queue hold "${id[1]}"
code_is 0 'and held'
run ganger queue release "${id[1]}"
code_is 0 'and released'
for name in second third; do
	echo >"$T/go"
	ok "the $name is at its check" wait_line "$T/here"
done
echo >"$T/go"
wait "$pid"
is $? 0 'it lands them'
is "$(landings)" 'four one three two eight seven pause six five' 'as they were moved'
run ganger replay "$(echo "$XDG_STATE_HOME"/ganger/*/"$epic"/journal.db)"
code_is 0 'the journal replays'

# Which epic, and what is left out.
run ganger queue --epic "$epic" --json
is "$(jq -r .epic "$T/out")" "$epic" 'the epic to list may be given as an option'
run ganger queue --epic nowhere
code_is 2 'which has to be there'
for verb in hold release move; do
	run ganger queue "$verb"
	code_is 2 "'$verb' needs to know which"
	unlike "$(cat "$T/err")" "epic '$verb'" 'and is not taken for an epic'
done
done_testing
