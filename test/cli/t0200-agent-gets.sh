#!/usr/bin/env bash
# What an agent gets: its folder, branch, prompt and environment, and what it does not get.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"
scene 'My Repo_2.x'
epic=$(ganger add 'The epic' --body 'About the epic.')
id[first]=$(ganger add first --epic "$epic" --body $'A body of two lines,\nwith "quotes" and $HOME.')
ganger comment "${id[first]}" 'A comment for the agent.'
task second first
program agent <<'END'
#!/bin/sh
me=$T/got/$GANGER_TITLE.$GANGER_ATTEMPT
mkdir -p "$me"
tr '\0' '\n' <"/proc/$$/environ" | sort >"$me/env"
cat >"$me/prompt"
pwd >"$me/pwd"
git symbolic-ref HEAD >"$me/head"
git rev-parse HEAD >"$me/start"
git config --get-all credential.helper >"$me/helper"
cmp "$GANGER_PROMPT_FILE" "$me/prompt" && echo same >"$me/same"
[ -z "${GANGER_FEEDBACK_FILE:-}" ] || cp "$GANGER_FEEDBACK_FILE" "$me/feedback"
ps -o pid=,pgid=,sid= -p $$ | xargs >"$me/session"
echo "pid $$" >"$me/pid"
[ "$GANGER_TITLE.$GANGER_ATTEMPT" != second.1 ] || { echo cannot do that; exit 7; }
echo x >"$GANGER_TITLE" && git add . && git commit -qm x
END
git config --global credential.helper 'store --file /nowhere'
main=$(git rev-parse main)
run env -i PATH="$PATH" HOME="$HOME" USER=me LOGNAME=me LANG=C LC_ALL=C.UTF-8 TERM=dumb SHELL=/bin/sh \
	XDG_STATE_HOME="$XDG_STATE_HOME" SSH_AUTH_SOCK=/nowhere HTTPS_PROXY=http://127.0.0.1:9 \
	CODEX_HOME=/nowhere DOCKER_HOST=unix:///nowhere GITHUB_TOKEN=secret1 GH_TOKEN=secret2 \
	GITLAB_TOKEN=secret3 ANTHROPIC_API_KEY=secret4 OPENAI_API_KEY=secret5 AWS_SECRET_ACCESS_KEY=secret6 \
	GIT_DIR=/nowhere/.git NOT_NAMED=x OWN=mine GIT_CONFIG_NOSYSTEM=1 \
	timeout "$WAIT_S" "$GANGER" -C "$PWD" -c 'agents.it.env.OWN=null' -c agents.it.env.FIXED='a b' \
	run "$epic"
code_is 0 'it runs'
got=$T/got/first.1


# value NAME: of the first attempt's environment.
value()
{
	sed -n "s/^$1=//p" "${2:-$got}/env"
}

is "$(sed -n 's/=.*//p' "$got/env" | paste -sd ' ')" "$(tr -s ' \n' '\n' <<END | sort | paste -sd ' '
PATH HOME USER LOGNAME LANG LC_ALL TERM SHELL XDG_STATE_HOME SSH_AUTH_SOCK HTTPS_PROXY
CODEX_HOME DOCKER_HOST
T OWN FIXED
GANGER_EPIC GANGER_TASK GANGER_TITLE GANGER_ATTEMPT GANGER_BRANCH GANGER_EPIC_BRANCH
GANGER_BASE GANGER_ROOT GANGER_WORKTREE GANGER_GIT_DIR GANGER_SLOT GANGER_PROMPT_FILE
GANGER_RESULT_FILE GANGER_LOG GANGER_JOB COMPOSE_PROJECT_NAME
ILOOM_SWARM_MODE ILOOM_EPIC_BRANCH ILOOM_EPIC_ISSUE
GIT_TERMINAL_PROMPT GIT_ASKPASS GH_CONFIG_DIR GH_PROMPT_DISABLED DBUS_SESSION_BUS_ADDRESS
GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_KEY_1 GIT_CONFIG_KEY_2 GIT_CONFIG_KEY_3
GIT_CONFIG_VALUE_0 GIT_CONFIG_VALUE_1 GIT_CONFIG_VALUE_2 GIT_CONFIG_VALUE_3
END
)" 'its environment has exactly these names'
unlike "$(cat "$got/env")" 'secret[0-9]' 'no token is among the values'
is "$(value OWN)" mine 'a variable named without a value is passed on'
is "$(value FIXED)" 'a b' 'one with a value is set'
is "$(value GANGER_EPIC) $(value GANGER_TASK) $(value GANGER_TITLE) $(value GANGER_ATTEMPT)" \
	"$epic ${id[first]} first 1" 'it is told epic, task, title and attempt'
is "$(value GANGER_BRANCH) $(value GANGER_EPIC_BRANCH) $(value GANGER_BASE)" \
	"ganger/$epic/${id[first]} epic/$epic main" 'and the branches'
is "$(value GANGER_ROOT) $(value GANGER_GIT_DIR)" "$PWD $PWD/.git" "the user's folders"
is "$(value GANGER_WORKTREE)" "$(cat "$got/pwd")" 'it starts in its worktree'
like "$(cat "$got/pwd")" '/My Repo_2\.x-0$' 'a folder named as the repository and its slot'
is "$(value COMPOSE_PROJECT_NAME)" my-repo_2-x-0 'Compose has a name it takes'
is "$(value ILOOM_SWARM_MODE) $(value ILOOM_EPIC_BRANCH) $(value ILOOM_EPIC_ISSUE)" \
	"1 epic/$epic $epic" 'what was written for iloom finds its variables'
is "$(cat "$got/head")" "refs/heads/ganger/$epic/${id[first]}" 'its branch is checked out'
is "$(cat "$got/start")" "$main" 'and begins at the base'
is "$(tail -n 1 "$got/helper")" '' 'git in it has no credential helper'
not_ok 'gh in it has no login' test -e "$(value GH_CONFIG_DIR)"
is "$(cat "$got/session")" "$(sed 's/pid \(.*\)/\1 \1 \1/' "$got/pid")" \
	'it leads a session and a group of its own'

# The prompt.
prompt=$(cat "$got/prompt")
ok 'the prompt is its standard input, and a file' test -s "$got/same"
is "$(head -n 1 <<<"$prompt")" '# first' 'it begins with the title'
like "$prompt" '^with "quotes" and \$HOME\.$' 'has the body as it is'
like "$prompt" '^A comment for the agent\.$' 'and the comments'
like "$prompt" 'alone in this worktree' 'it says that the agent is alone here'
like "$prompt" 'Do not push, open pull requests, switch branches, write outside this folder' \
	'what it must not do'
like "$prompt" 'end with this line: ganger: nothing to do$' 'and what to say where nothing is to be done'
unlike "$prompt" 'last try' 'of an earlier try it says nothing'

# The next ones.
is "$(cat "$T/got/second.1/start")" "$(git rev-parse "epic/$epic^")" \
	'what depends on it begins where it has landed'
is "$(value GANGER_ATTEMPT "$T/got/second.2")" 2 'the second attempt is told its number'
is "$(cat "$T/got/second.2/feedback")" $'exit 7: cannot do that\n\ncannot do that' \
	'and why the last one did not land, with the end of its log'
like "$(cat "$T/got/second.2/prompt")" 'exit 7: cannot do that' 'which the prompt says too'

# Slots are unique among live ones, from 0, and used again.
scene other
for n in 1 2 3 4 5 6; do
	task "t$n"
done
program agent <<'END'
#!/bin/sh
mkdir "$T/slot-$GANGER_SLOT" || echo "$GANGER_SLOT" >>"$T/twice"
echo "$GANGER_SLOT" >>"$T/slots"
echo "$GANGER_TITLE" >>"$T/live"
flock -s "$T/gate" true
rmdir "$T/slot-$GANGER_SLOT"
echo x >"$GANGER_TITLE"
END
: >"$T/live"
hold
start --max-concurrent 3
ok 'three start' wait_lines "$T/live" 3
release
ended
code_is 0 'six tasks, three at once'
not_ok 'no slot was held twice at a time' test -e "$T/twice"
is "$(sort -u "$T/slots" | paste -sd ' ')" '0 1 2' 'slots count from 0'
done_testing
