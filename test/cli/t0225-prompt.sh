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

# The project's instructions, for a program that does not read them by itself.
scene instructions
epic=$(ganger add 'The release' --body 'It is for the summer.')
echo 'Use tabs.' >AGENTS.md
echo 'Use spaces.' >CLAUDE.md
git add . && git commit -qm instructions
task one
does one 'cat "$GANGER_PROMPT_FILE" >"$T/prompt"; echo 1 >one'
go
prompt=$(cat "$T/prompt")
like "$prompt" '^## The epic that this task is part of: The release$' 'the epic is there'
like "$prompt" '^It is for the summer\.$' 'with its text'
like "$prompt" '^## From the project: AGENTS.md$' 'AGENTS.md is in the prompt'
like "$prompt" '^Use tabs\.$' 'with its text'
unlike "$prompt" 'Use spaces' 'one of them is enough'
task two
does two 'cat "$GANGER_PROMPT_FILE" >"$T/prompt2"; echo 2 >two'
go -c agents.it.kind=codex -c limits.attempts=1
prompt=$(cat "$T/prompt2")
like "$prompt" '^# two' 'codex gets the task'
unlike "$prompt" 'Use (tabs|spaces)' 'and no AGENTS.md, which it reads by itself'

scene other
echo 'Use tabs.' >AGENTS.md
git add . && git commit -qm instructions
task four
does four 'cat "$GANGER_PROMPT_FILE" >"$T/prompt4"; echo 4 >four'
go -c agents.it.kind=claude -c limits.attempts=1
like "$(cat "$T/prompt4")" '^Use tabs\.$' 'claude, which reads CLAUDE.md alone, is told AGENTS.md'

# A program that is known, as a command.
scene known
echo 'Use tabs.' >AGENTS.md
git add . && git commit -qm instructions
cat >"$T/bin/pi" <<END
#!/bin/sh
[ "\$1" = --version ] && exit
cat >"$T/prompt.\$GANGER_TITLE"; echo x >"\$GANGER_TITLE"
END
chmod +x "$T/bin/pi"
task five
PATH=$T/bin:$PATH go --agent pi -c agents.pi.kind=command
code_is 0 'pi, as it is known'
like "$(cat "$T/prompt.five")" '^# five' 'gets the task'
unlike "$(cat "$T/prompt.five")" 'Use tabs' 'and no AGENTS.md, which it reads by itself'
task six
PATH=$T/bin:$PATH go --agent pi -c agents.pi.command='exec pi'
like "$(cat "$T/prompt.six")" '^Use tabs' 'of a command of its own that is not known'

scene link
echo 'The secret.' >"$T/elsewhere"
ln -s "$T/elsewhere" AGENTS.md
git add . && git commit -qm link
task three
does three 'cat "$GANGER_PROMPT_FILE" >"$T/prompt3"; echo 3 >three'
go
like "$(cat "$T/prompt3")" '^# three' 'with a link for AGENTS.md the task is there'
unlike "$(cat "$T/prompt3")" 'secret|From the project' 'and the link is not followed'

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

# On a retry, what was changed so far.
scene retry
task again
does again 'cat "$GANGER_PROMPT_FILE" >"$T/again.$GANGER_ATTEMPT"; echo "try $GANGER_ATTEMPT" >tried; printf "\\377\\n" >odd
	[ "$GANGER_ATTEMPT" = 2 ] || exit 1'
go
code_is 0 'with a retry'
unlike "$(cat "$T/again.1")" 'What was changed so far' 'a first attempt has nothing behind it'
like "$(cat "$T/again.2")" '^What was changed so far \(git diff [0-9a-f]{12} [0-9a-f]{12}\):$' 'the next one is shown'
like "$(cat "$T/again.2")" '^\+try 1$' 'what was changed'
ok 'in UTF-8' iconv -f UTF-8 -t UTF-8 -o /dev/null "$T/again.2"
show=$(sed -n 's/^What was changed so far (\(.*\)):/\1/p' "$T/again.2")
like "$($show)" '^\+try 1$' 'by a command that works here'

scene own
task three
echo 'Of the agent: {{title}}' >own.txt
does three 'cat "$GANGER_PROMPT_FILE" >"$T/prompt.3"; echo 3 >three'
go -c agents.it.template=own.txt
is "$(cat "$T/prompt.3")" 'Of the agent: three' "an agent's own template comes first"

# By the labels of an issue: its template, and the role that comes before the prompt.
scene labels
mkdir roles
echo 'You look for what breaks.' >roles/tester.md
echo 'You write.' >roles/writer.md
echo 'A bug: {{title}}' >bug.md
echo 'For all: {{title}}' >all.md
cat >>ganger.yaml <<'END'
prompt:
  template: all.md
  templates: {bug: bug.md, good first issue: all.md}
  roles: {role:tester: roles/tester.md, role:writer: roles/writer.md}
END
git add . && git commit -qm labels
for title in plain bug test both nobody; do
	task "$title"
	does "$title" 'cat "$GANGER_PROMPT_FILE" >"$T/by.$GANGER_TITLE"; echo x >"$GANGER_TITLE"'
done
ganger edit "${id[bug]}" --label bug
ganger edit "${id[test]}" --label role:tester
ganger edit "${id[both]}" --label role:writer --label bug --label role:tester
ganger edit "${id[nobody]}" --label role:nobody
go
code_is 0 'with labels'
is "$(cat "$T/by.plain")" 'For all: plain' 'an issue without labels gets the template for all'
is "$(cat "$T/by.bug")" 'A bug: bug' 'one with a label its own'
is "$(cat "$T/by.test")" $'You look for what breaks.\n\nFor all: test' 'a role comes before the prompt'
is "$(cat "$T/by.both")" $'You look for what breaks.\n\nA bug: both' 'the first role that fits is used'
is "$(cat "$T/by.nobody")" 'For all: nobody' 'a role without a file is none'
err_like "task ${id[nobody]}: prompt.roles has no file for its label 'role:nobody'" 'and that is said'
task more
go -c 'prompt.roles={role:x: gone.md}'
not_ok 'a role whose file is not there ends the run' test "$code" = 0
err_like "prompt.roles, label 'role:x'.*gone.md" 'and is named'
not_ok 'before anything starts' grep -q more "$T/ran"

scene unknown
task four
echo 'Do {{everything}}' >own.txt
go -c agents.it.template=own.txt
not_ok 'a field that is not there ends the run' test "$code" = 0
err_like "could not use the prompt's template 'own.txt': there is no field '\\{\\{everything\\}\\}'" 'and is named'
not_ok 'before anything starts' grep -q four "$T/ran"
done_testing
