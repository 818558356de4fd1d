#!/usr/bin/env bash
# Work that does not fit together: conflicts, what a person is told to do, red checks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

# Two that conflict: the second is left to a person, what needs it is held, the rest goes on.
scene
before=$(checkout)
task ours
task theirs
task needs theirs
task apart
does ours 'echo ours >both'
# After ours has landed, but begun before it.
does theirs 'while ! git cat-file -e "$GANGER_EPIC_BRANCH:both" 2>/dev/null; do read -r _ <"$T/landed"; done; echo theirs >both'
mkfifo "$T/landed"
exec 9<>"$T/landed"
start -c queue.conflict_attempts=0
ok 'the first lands' wait_file "$T/run.out" " ${id[ours]}  merged "
echo >"$T/landed"
ended
code_is 3 'a conflict is left: exit 3'
is "$(state theirs) $(state needs) $(state apart)" 'conflicted blocked closed' \
	'it is conflicted, its dependents held, the rest is done'
like "$(why theirs)" 'conflicts with what has landed: both .1 hunk.$' 'it names the file, and how much of it'
is "$(ran needs)" 0 'what needs it was not begun'
is "$(git show "epic/$epic:both")" ours 'the epic branch has what landed first'
nothing_left 'nothing is left'
is "$(checkout)" "$before" "the user's checkout is as it was"

# The printed commands, literally; where they leave it to a person, a person's work.
run ganger report "$epic"
sed -n "/^- ${id[theirs]} theirs/,/^- \|^## /s/^      //p" "$T/out" >"$T/steps"
ok 'the report has commands' grep -q '^git ' "$T/steps"
is "$(grep -c '^#' "$T/steps")" 1 'one step of them is left to the person'
sed 's,^# resolve the conflicts in \(.*\)\, then:,echo both >\1/both,' "$T/steps" >"$T/do-steps"
before=$(checkout)
(mkdir below && cd below && . "$T/do-steps") >"$T/out" 2>"$T/err" || note "$(cat "$T/steps" "$T/err")"
out_like "^will be tried again: ${id[theirs]}$" 'they can be pasted, also below the root'
go
code_is 0 'the next run brings it home'
is "$(git show "epic/$epic:both")" both "with the person's resolution"
is "$(ran theirs) $(ran needs)" '1 1' 'without an agent for what the person did'
is "$(landings | wc -w)" 4 'each landed once'
nothing_left 'nothing is left'
is "$(checkout)" "$before" "the user's checkout is as it was"

# A red check goes back to its agent with the log; it goes on from its own commits.
scene red
task one
does one 'if [ "$GANGER_ATTEMPT" = 1 ]; then echo bad >one
else
	ls >"$T/saw"; cp "$GANGER_FEEDBACK_FILE" "$T/feedback"; cat >"$T/prompt"; echo good >one
fi'
check='echo "checking $(cat one 2>/dev/null)"; ! grep -qx bad *'
go -c queue.check="$check"
code_is 0 'a red check is mended by its agent'
is "$(ran one)" 2 'in a second attempt'
out_like "^[0-9:]+  ${id[one]}  ready          to be tried again: the check failed" 'the run says why'
like "$(cat "$T/saw")" '^one$' 'which begins with the work of the first'
like "$(cat "$T/feedback")" '^the check failed on the merged tree: exit' 'and is told why'
like "$(cat "$T/feedback")" '^checking bad$' 'with the log'
like "$(cat "$T/prompt")" 'the check failed on the merged tree' 'also in its prompt'
is "$(git show "epic/$epic:one") $(landings | wc -w)" 'good 1' 'what lands is what passed'
ok 'the log of the check is kept' test -s "$(epic_dir)/agent-logs/${id[one]}.gate.log"
is "$(git log --format=%H "main..epic/$epic" -- one | wc -l)" 2 'with both its commits'

# Two that merge cleanly and break the build together.
scene semantic
printf '#!/bin/sh\necho 1\n' >f && chmod +x f && git add f && git commit -qm f
task renames
task calls
does renames 'git mv f g'
does calls 'if [ "$GANGER_ATTEMPT" = 1 ]; then
	while ! git cat-file -e "$GANGER_EPIC_BRANCH:g" 2>/dev/null; do read -r _ <"$T/landed2"; done
	echo "./f" >caller
else
	[ -e g ] && [ ! -e f ] && echo yes >"$T/has-both"; echo "./g" >caller
fi'
mkfifo "$T/landed2"
exec 9<>"$T/landed2"
start -c queue.check='test ! -e caller || sh caller'
ok 'the first lands' wait_file "$T/run.out" " ${id[renames]}  merged "
echo >"$T/landed2"
ended
code_is 0 'what breaks the build together does not land so'
is "$(ran calls) $(git show "epic/$epic:caller")" '2 ./g' 'but goes back to its agent'
is "$(cat "$T/has-both")" yes 'in a tree that has both'
nothing_left 'nothing is left'

# One that stays red fails; nothing of it lands.
scene stays-red
task one
task two
does one 'echo "bad $GANGER_ATTEMPT" >one'
go -c queue.check='! grep -q bad one 2>/dev/null' -c limits.attempts=2 --json
is "$(jq -c '[.status, .failed, .merged, .failed_merges]' "$T/out")" '["failed",1,1,1]' 'it is counted'
code_is 1 'one that stays red fails'
is "$(state one) $(ran one) $(state two)" 'failed 2 closed' 'after its attempts'
not_ok 'and nothing of it is in the epic branch' has one
run ganger report "$epic"
out_like "${id[one]}.gate.log" 'the report names the log of the check'
does one 'cp "$GANGER_FEEDBACK_FILE" "$T/feedback"; ls >"$T/saw"; echo good >one'
run ganger retry "${id[one]}"
go -c queue.check='! grep -q bad one 2>/dev/null' --json
code_is 0 'retried by a person, it comes home'
like "$(cat "$T/feedback")" '^the check failed on the merged tree' 'its agent is told why'
like "$(cat "$T/saw")" '^one$' 'and goes on from its own work'
done_testing
