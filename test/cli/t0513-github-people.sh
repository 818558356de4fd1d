#!/usr/bin/env bash
# What people do on GitHub while a run goes on: close, label, re-open, add; taken in at the next look.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
. "$(dirname "$0")/github.sh"

hub_epic 5 '3:2 4:2 5:2 6:2' people
hold
does t2 'echo here >>"$T/here"; flock -s "$T/gate" true; echo x >t2; git add -A; git commit -q -m t2'
start "${on_hub[@]}" -c poll=1s -c 'labels.never=[agent:hold]'
wait_lines "$T/here" 1
person '{"do": "close", "number": 3}'
ok 'one that is closed is taken out' wait_file "$T/run.out" ' 3 +closed +closed in the tracker'
person '{"do": "label", "number": 4, "label": "agent:hold"}'
person '{"do": "reopen", "number": 3}'
person '{"do": "close", "number": 2}'
person '{"do": "close", "number": 6}'
ok 'all of it is heard of' wait_file "$T/run.out" ' 6 +closed +closed in the tracker'
is "$(state t3)" blocked 'opened again it waits again'
release
ended
code_is 0 'the epic ends, but for the one that a label holds back'
is "$(state t3)" closed 'what was opened again is done'
is "$(ran t3) $(ran t5)" '1 1' 'once'
is "$(ran t4)" 0 'what was given the label was not started'
is "$(sorted_landings)" '2 3 5' 'one that its agent had under way lands, closed or not'
is "$(books)" '' 'no rule of conduct was broken'
nothing_left 'nothing is left'
hub_down
done_testing
