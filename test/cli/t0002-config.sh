#!/usr/bin/env bash
# Every kind of error in ganger.yaml names the key, the file and the line, and exits with 2.
. "$(dirname "$0")/lib.sh"
repo

# fault NAME LINE PATTERN <<'END' …: what is wrong with this ganger.yaml
fault()
{
	cat >ganger.yaml
	run ganger plan
	is "$code" 2 "$1: exits with 2"
	err_like "^error: cannot (use|read) 'ganger.yaml' line $2: .*$3" "$1: names key, file and line"
	out_is '' "$1: prints nothing else"
}

fault 'a key that there is not' 3 "'limits.max_concurent'" <<'END'
# a comment
limits:
  max_concurent: 3
END
err_like "^hint: did you mean 'limits.max_concurrent'" 'what was meant is offered'
fault 'a section that there is not' 1 "'limit'" <<'END'
limit:
  attempts: 3
END
fault 'a key of an agent that there is not' 4 "'agents.mine.pauseon'" <<'END'
agents:
  mine:
    command: x
    pauseon: y
END
fault 'a text for a number' 2 "'limits.attempts' is 'many'" <<'END'
limits:
  attempts: many
END
fault 'a list for a number' 2 "'limits.attempts' is a list" <<'END'
limits:
  attempts: [1]
END
fault 'a number that is too small' 1 "'limits.max_concurrent' is '0', must be .* from 1 to" <<'END'
limits: {max_concurrent: 0}
END
fault 'a number that is too large' 1 "'limits.attempts'" <<'END'
limits.attempts: 1000
END
fault 'a duration without a unit that there is' 2 "'limits.timeout'.*90s" <<'END'
limits:
  timeout: 2 hrs
END
fault "an 'off' where there is none" 2 "'limits.grace'" <<'END'
limits:
  grace: off
END
fault 'a size' 2 "'limits.log'" <<'END'
limits:
  log: big
END
fault 'an amount' 2 "'limits.cost'" <<'END'
limits:
  cost: 5 EUR
END
fault 'a word that there is not' 2 "'queue.method'.*one of merge, squash, rebase" <<'END'
queue:
  method: octopus
END
fault 'a truth value' 3 "'agents.a.push'.*true or false" <<'END'
agents:
  a:
    push: sometimes
END
fault 'an empty command' 2 "'queue.check'" <<'END'
queue:
  check: ""
END
fault 'a map in a list' 2 "'worktree.include'" <<'END'
worktree:
  include: [{a: b}]
END
fault 'a list for a map' 3 "'agents.a.env'" <<'END'
agents:
  a:
    env: [PATH]
END
fault 'a text for a section' 1 "'queue' must be a map" <<'END'
queue: make test
END
fault 'a pattern that names no task' 2 "'git.task_branch' must contain" <<'END'
git:
  task_branch: work
END
fault 'a key twice' 3 "'check'" <<'END'
queue:
  check: a
  check: b
END
fault 'no YAML' 2 '' <<'END'
queue: {check: a
END
fault 'no map' 1 'map' <<'END'
just a text
END

# From a folder below, the file is named in full.
mkdir -p sub
echo 'limits: {attempts: x}' >ganger.yaml
run ganger -C sub plan
err_like "'$T/repo/ganger.yaml' line 1: 'limits.attempts'" 'below the root, the file is named with its path'

# -c
rm ganger.yaml
for bad in limits.atempts=3 limits.attempts=x limits.attempts 'worktree.keep=[a' agents.x.kidn=y =x; do
	run ganger -c "$bad" plan
	is "$code" 2 "-c $bad: exits with 2"
	err_like '^error: cannot (use|read) .?-c' "-c $bad: is named"
done
run ganger -c limits.attempts=x -c limits.attempts=4 plan
code_is 2 'a -c that a later one overrides is checked too'

# What is right: as the last word counts, attempts is seen in the plan's ceiling.
echo 'limits: {attempts: 5}' >ganger.yaml
echo '{"id":"a","title":"one","status":"open"}' >"$T/beads.jsonl"
run ganger plan --from "beads:$T/beads.jsonl"
out_like '1 task x 5 attempts x 2h' 'the file overrides the default'
run ganger -c limits.attempts=7 -c limits.timeout=off plan --from "beads:$T/beads.jsonl"
out_like '1 task x 7 attempts, no time limit set' '-c overrides the file'
run ganger -c limits.attempts= plan --from "beads:$T/beads.jsonl"
out_like '1 task x 3 attempts' 'an empty -c takes back to the default'
run ganger -c limits.cost=12.5 plan --from "beads:$T/beads.jsonl"
out_like 'cost limit 12.50 USD' 'a cost limit is shown'

# The help, the manual page and a written ganger.yaml have every key.
missing=
keys=$(ganger help config | sed -n 's/^  \([a-z][A-Za-z_.]*\)$/\1/p')
rm -f ganger.yaml
ganger init >/dev/null
ok 'help config has keys' test "$(printf '%s\n' "$keys" | wc -l)" -gt 40
for key in $keys; do
	grep -qFx ".B $key" "$GANGER_BUILD/docs/man/ganger.yaml.5" || missing="$missing $key"
	grep -Eq "^[ #]*(${key%%.*}\.)?${key##*.}:" ganger.yaml || missing="$missing init:$key"
done
for command in $(ganger help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
	grep -q "^\.B $command" "$GANGER_BUILD/docs/man/ganger.1" || missing="$missing $command"
done
is "$missing" '' 'the manual pages and a written file lack nothing'

done_testing
