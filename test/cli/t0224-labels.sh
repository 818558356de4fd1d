#!/usr/bin/env bash
# Labels say which issues are run.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
echo 'labels: {need: [agent:go], never: ["agent:hold"]}' >>ganger.yaml
git commit -qam labels
task go
task held
task unlabelled
task after held
ganger edit "${id[go]}" --label agent:go
ganger edit "${id[held]}" --label agent:go --label agent:hold
ganger edit "${id[after]}" --label agent:go

run ganger plan "$epic"
out_like '^1 open task|^2 open tasks, 2 hidden' 'plan counts what is not run'
out_like "^  ${id[held]}  held  \\(it has label 'agent:hold' \\(labels.never\\)\\)" 'and says by which label'
out_like "^  ${id[unlabelled]}  unlabelled  \\(it has no label 'agent:go' \\(labels.need\\)\\)" 'or for want of which'
run ganger plan "$epic" --json
is "$(jq -c '[.hidden[].id]' "$T/out")" "[\"${id[held]}\",\"${id[unlabelled]}\"]" 'also as JSON'

go
is "$(sort "$T/ran" | cut -d' ' -f1 | tr '\n' ' ')" 'go ' 'only what may be run is'
is "$(state go)" closed 'it lands'
run ganger status "$epic"
out_like "^  ${id[held]}  held  \\(it has label 'agent:hold'" 'status says why one is not'
out_like "needs '${id[held]}', which is not started: it has label 'agent:hold'" 'and what that holds up'
run ganger status "$epic" --json
is "$(jq -r '.hidden[1].why' "$T/out")" "it has no label 'agent:go' (labels.need)" 'also as JSON'

# A label that is taken off or put on counts from the next run.
ganger edit "${id[held]}" --label agent:go
ganger edit "${id[unlabelled]}" --label agent:go --label agent:hold
go
is "$(sort "$T/ran" | cut -d' ' -f1 | tr '\n' ' ')" 'after go held ' 'the label is off: it is run, and what needs it'
run ganger status "$epic"
out_like "^  ${id[unlabelled]}  unlabelled  \\(it has label 'agent:hold'" 'the reason is the one of today'
done_testing
