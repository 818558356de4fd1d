#!/usr/bin/env bash
# Files of the project in the prompt, and a template in place of the built-in one.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene
echo 'prompt: {files: [CONSTITUTION.md, docs/plan.md, not-there.md]}' >>ganger.yaml
mkdir docs
echo 'Never use goto.' >CONSTITUTION.md
echo 'First the parser.' >docs/plan.md
git add . && git commit -qm docs
echo 'Not committed.' >CONSTITUTION.md
task one
does one 'cat "$GANGER_PROMPT_FILE" >"$T/prompt"; echo 1 >one'
go
code_is 0 'with files'
prompt=$(cat "$T/prompt")
like "$prompt" '^## From the project: CONSTITUTION.md$' 'a file of the project is in the prompt'
like "$prompt" '^Never use goto\.$' 'as it is in the worktree'
unlike "$prompt" 'Not committed' 'not as the user is editing it'
like "$prompt" '^First the parser' 'so is the next'
unlike "$prompt" 'not-there' 'one that is not there is left out'
like "$prompt" '^## Rules' 'the rules follow'

scene template
git checkout -q ganger.yaml
printf 'Task {{id}}: {{title}} ({{ attempt }})\n{{body}}\n{{rules}}{{retry}}' >prompt.txt
echo 'prompt: {template: prompt.txt}' >>ganger.yaml
git add . && git commit -qm template
task two
ganger edit "${id[two]}" --body 'Use {{rules}} well.'
does two 'cat "$GANGER_PROMPT_FILE" >"$T/prompt.$GANGER_ATTEMPT"; [ "$GANGER_ATTEMPT" = 2 ] || { echo broken; exit 1; }; echo 2 >two'
go
code_is 0 'with a template'
is "$(head -1 "$T/prompt.1")" "Task ${id[two]}: two (1)" 'fields are filled in'
is "$(sed -n 2p "$T/prompt.1")" 'Use {{rules}} well.' 'an issue cannot name fields'
like "$(cat "$T/prompt.1")" '^- Do only this task' 'whole parts are there where they are named'
unlike "$(cat "$T/prompt.1")" '^# two' 'what is not named is not there'
like "$(cat "$T/prompt.2")" '^Task .* \(2\)' 'also on a retry'
like "$(cat "$T/prompt.2")" 'exit 1: broken' 'which says what went wrong'

task three
echo 'Of the agent: {{title}}' >own.txt
does three 'cat "$GANGER_PROMPT_FILE" >"$T/prompt.3"; echo 3 >three'
go -c agents.it.template=own.txt
is "$(cat "$T/prompt.3")" 'Of the agent: three' "an agent's own template comes first"

task four
echo 'Do {{everything}}' >own.txt
go -c agents.it.template=own.txt
not_ok 'a field that is not there ends the run' test "$code" = 0
err_like "could not use the prompt's template 'own.txt': there is no field '\\{\\{everything\\}\\}'" 'and is named'
not_ok 'before anything starts' grep -q four "$T/ran"
done_testing
