#!/usr/bin/env bash
# What people write by hand: plans, settings, names.
. "$(dirname "$0")/lib.sh"
repo

# edges EPIC: "task<-needed" of all.
edges()
{
	ganger list "$1" --json | jq -r '[.issues[] | .title as $t | .after[] | $t + "<-" + .] | join(" ")'
}

cat >plan.md <<'END'
# A plan

What it is about.

- [ ] one
- [ ] two
  After: one
- [ ] three
    after: 1
  Text that is less indented.
- [ ] four
  - after: 1, three
  Text.
- [ ] five
  Before lunch.
    after: lunch is quoted

Afterword.
END
run ganger import markdown plan.md --epic 'my plan'
code_is 0 'a plan'
is "$(edges 'my plan')" 'two<-1 three<-1 four<-1 four<-3' \
	'a dependency counts in capitals, deeper than the text, and as an item of a list'
err_like 'line 18: text that is not indented below a task' 'text outside of tasks is named'
err_like "'ganger plan 'my plan'' shows" 'a hint can be pasted'
out_is 'my plan' 'the epic is the result'

cat >ganger.yaml <<'END'
agents:
  it:
    command: "true"
    pause_on: ["usage limit", "(never closed"]
END
run ganger plan 'my plan'
code_is 2 'a pattern that is none: exit 2'
err_like "'ganger.yaml' line 4: 'agents.it.pause_on' has '\(never closed', which is no pattern" \
	'with the file, the line and the key'
rm ganger.yaml
run ganger -c 'agents.it.pause_on=["[a"]' plan 'my plan'
code_is 2 'nor on the command line'
done_testing
