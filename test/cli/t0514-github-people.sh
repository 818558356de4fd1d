#!/usr/bin/env bash
# What people change on GitHub during a run takes effect without a restart.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"
waits='flock -s "$T/gate" true; echo x >"$GANGER_TITLE" && git add -A && git commit -qm x'

# A person takes a sub-issue out of the epic, or puts it back: NUMBER.
takes_out()
{
	api DELETE issues/1/sub_issue "{\"sub_issue_id\": $(hub_id "$1")}"
}

puts_back()
{
	api POST issues/1/sub_issues "{\"sub_issue_id\": $(hub_id "$1")}"
}

# The one waits for the other, and does no more: NUMBER NUMBER.
links()
{
	api POST "issues/$1/dependencies/blocked_by" "{\"issue_id\": $(hub_id "$2")}"
}

unlinks()
{
	api DELETE "issues/$1/dependencies/blocked_by/$(hub_id "$2")"
}

# One slot: t2, for which most waits; the others are not begun.
hub_epic 6 '4:3 5:2 6:2 7:2' people
echo 'labels: {never: [hold]}' >>ganger.yaml
does t2 "$waits"
hold
start "${on_hub[@]}" -c poll=1s -c limits.max_concurrent=1
wait_lines "$T/ran" 1
person '{"do": "close", "number": 3}'
person '{"do": "label", "number": 5, "label": "hold"}'
ok 'what a person closed is closed, what they labelled is held' \
	sees '$t["t3"].state == "closed" and ([.hidden[].id] == ["5"])'
takes_out 7
ok 'what they took out of the epic is none of ours' \
	sees '[.hidden[] | select(.why | test("no longer in the epic")).id] == ["7"]'
person '{"do": "reopen", "number": 3}'
ok 'what a person reopened is open again, and what needs it waits again' \
	sees '$t["t3"].state == "ready" and $t["t4"].state == "blocked"'
release
wait_file "$T/ran" '^t4 '
ended
is "$(sorted_landings)" '2 3 4 6' 'all but what is held landed'
is "$(closed)" '2 3 4 6' 'and is closed there'
is "$(books)" '' 'no rule of conduct was broken'

# Sub-issues and dependencies come and go.
hub_epic 4 '3:2 4:2 5:2' linked
does t2 "echo t2 >>\"\$T/began\"; $waits"
: >"$T/began"
takes_out 5
hold
start "${on_hub[@]}" -c poll=1s
wait_lines "$T/began" 1
puts_back 5
ok 'one that is added waits for what it needs' sees '$t["t5"].reason == "waits for 2"'
links 3 5
ok 'one that needs more waits for more' sees '$t["t3"].reason == "waits for 2, 5"'
person '{"do": "edit", "number": 3, "title": "anew", "body": "Another one."}'
ok 'one that is edited has another title' sees '.tasks | any(.title == "anew")'
does anew 'grep -q "^# anew" "$GANGER_PROMPT_FILE" && grep -q "^Another one" "$GANGER_PROMPT_FILE" && echo x >anew'
unlinks 4 2
ok 'one that needs nothing any more is done at once' sees '$t["t4"].state == "closed"'
is "$(ran anew) $(ran t5)" '0 0' 'nothing that waits was started'
release
ended
is "$code $(landings)" '0 4 2 5 3' 'each lands after what it needs'
is "$(issues | jq -r '.[-1].title')" anew 'the one that was edited as it is now'
is "$(books)" '' 'no rule of conduct was broken'

# What is worked on as it is taken out is worked on to its end, and lands once it is back. Another, that the
# person does not want, goes by one command. What needs them waits, and does not begin without them.
hub_epic 4 '4:2 5:3' taken-out
for task in t2 t3; do
	does $task "echo $task >>\"\$T/at-work\"; $waits"
done
: >"$T/at-work"
hold
start "${on_hub[@]}" -c poll=1s
wait_lines "$T/at-work" 2
takes_out 2
takes_out 3
for n in 2 3; do
	ok "taken out while it is worked on ($n): what becomes of it is said" \
		wait_file "$T/run.err" "^task $n was taken out of the epic: what it comes to does not land unless"
done
release
ended
code_is 3 'a person is needed'
is "$(state t2) $(state t4) $(landings)" 'queued blocked ' 'it is done, and does not land'
like "$(why t2)" "^no longer in the epic: it lands once it is again; 'ganger cancel 2' ends it" '… which its reason says'
run ganger "${on_hub[@]}" report 1
out_like '^ +ganger cancel 2$' '… and the report, with the command'
puts_back 2
ganger "${on_hub[@]}" cancel 3 >/dev/null
go "${on_hub[@]}"
is "$(sorted_landings) $(ran t2) $(ran t3)" '2 4 1 1' 'put back it lands as it is, with what waited for it; the other does not'
is "$(state t5) $(why t5)" "blocked held: needs '3', which is not started: cancelled" 'what needs the other waits for its issue'
is "$(git -C "$bare" for-each-ref --format='%(refname)' refs/ganger)" '' 'whose claim was given back'
is "$(books)" '' 'no rule of conduct was broken'

# Another machine has claimed it, and is gone: what to do about that is said, and helps.
hub_epic 2 '3:2' claimed
person '{"do": "create_ref", "ref": "refs/ganger/claim/1/2"}'
go "${on_hub[@]}"
is "$code $(wc -l <"$T/ran")" '3 0' 'what is claimed elsewhere is not begun, nor what needs it'
like "$(why t2)" "^issue '2' is claimed by 'somebody, elsewhere'; who takes refs/ganger/claim/1/2 away there ends that" 'and why is said'
git push -q origin :refs/ganger/claim/1/2
ganger "${on_hub[@]}" retry 2 >/dev/null 2>&1
go "${on_hub[@]}"
is "$code $(closed) $(books)" '0 2 3 ' 'taken away, it is done'

# One that a run has is not dispatched beside it, nor the other way about.
hub_epic 1 '' dispatched
does t2 "echo t2 >>\"\$T/at-it\"; $waits"
: >"$T/at-it"
hold
start "${on_hub[@]}"
wait_lines "$T/at-it" 1
run ganger "${on_hub[@]}" dispatch --yes 2
code_is 3 'an issue that a run works on is not dispatched'
like "$(cat "$T/out" "$T/err")" "issue '2' is claimed by 'ganger 1'" 'by whom is said'
release
ended
is "$code $(pulls | cut -d' ' -f2-) $(wc -l <"$T/at-it") $(books)" '0 merged ganger/1/2 epic/1 1 ' 'it is done once'

# What is being merged by then goes its way.
hub_epic 1 '' merging
: >"$T/gating"
hold
start "${on_hub[@]}" -c poll=1s -c "queue.check=test ! -e t2 || { echo >>'$T/gating'; flock -s '$T/gate' true; }"
wait_lines "$T/gating" 1
takes_out 2
ok 'taken out while it is being merged: that it may land is said' \
	wait_file "$T/run.err" '^task 2 was taken out of the epic while it was being merged: it may land all the same$'
release
ended
is "$(landings)" 2 'and it does'
hub_down
done_testing
