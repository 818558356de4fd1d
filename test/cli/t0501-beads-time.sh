#!/usr/bin/env bash
# What changes in Beads over time: after each step the stand-in's own ready, ours through it, and ours
# of its export say the same, and what is written here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/scene.sh"

python=$(command -v /usr/bin/python3 python3 | head -1)
[ "$python" ] || skip_all 'no python3'
export PATH=$GANGER_SOURCE/test/fake:$PATH
repo
echo 'tracker: beads' >ganger.yaml
b()
{
	BEADS_DIR=$PWD/.beads bd "$@"
}

# The stand-in's own ready is held to the reference's cases first, in both versions. Where these differ,
# and in a store larger than any limit of bd, we say the same through each.
wrong=$("$python" - "$GANGER_SOURCE/test/data/beads-ready-cases.json" <<'END'
import json, os, subprocess, sys
os.makedirs('.beads')
def said(*argv):
    return json.loads(subprocess.run(argv, capture_output=True, text=True).stdout)
def ours():
    open_ = [i for i in said(os.environ['GANGER'], 'list', '--json')['issues'] if i['open']]
    ids = {i['id'] for i in open_}
    return {i['id'] for i in open_ if not i.get('held') and not ids & set(i['after'])}
def check(name, issues, expected, us):
    json.dump({'prefix': 'bd', 'issues': issues}, open('.beads/fake.json', 'w'))
    by_bd = {i['id'] for i in said('bd', 'ready', '--json', '--limit', '0')}
    for who, found in (('bd', by_bd), ('we', ours() if us else by_bd)):
        if found != set(expected):
            print(name, version, who, sorted(found))
def issue(i, deps):
    return {'comments': [], 'title': i['id'], **i, 'dependencies': [d for d in deps if d['issue_id'] == i['id']]}
for version in ('0.49.6', '1.0.5'):
    os.environ['BD_FAKE_VERSION'] = version
    for case in json.load(open(sys.argv[1])):
        issues = {i['id']: issue(i, case['deps']) for i in case['issues']}
        old = case.get('ready_0_49', case['ready'])
        check(case['name'], issues, old if version < '1' else case['ready'], old != case['ready'])
    many = {str(n): issue({'id': str(n), 'status': 'open', 'issue_type': 'task', 'priority': 2}, []) for n in range(120)}
    check('more than a limit', many, list(many), True)
END
) || wrong="$wrong it failed"
is "$wrong" '' 'the stand-in agrees with all cases of the reference, and so do we where versions differ'

# Of 'ganger list --json': open, not held, and everything that it waits for is closed or not there.
free='[.issues[] | select(.open)] as $open | [$open[].id] as $ids |
	[$open[] | select(.held == "" or .held == null) | select(any(.after[]; . as $a | $ids | index($a)) | not) | .id]'

by_bd() { b ready --json | jq -r '.[].id' | sort | paste -sd ' '; }
by_us() { ganger list --json | jq -r "$free | .[]" | sort | paste -sd ' '; }
by_file()
{
	b export >"$T/export.jsonl"
	ganger plan --from "beads:$T/export.jsonl" --json | jq -r '.ready[]' | sort | paste -sd ' '
}

# A row: expected ready | a command of bd, "!" before it where bd refuses it. "# name" begins a store anew.
while IFS='|' read -r expected command; do
	case $expected in
	'# '*)
		name=${expected#\# }
		rm -rf .beads
		b init
		continue
		;;
	'') continue ;;
	esac
	expected=$(xargs <<<"$expected")
	command=$(xargs <<<"$command")
	refused=0
	[ "${command#! }" = "$command" ] || refused=1
	read -ra words <<<"${command#! }"
	b "${words[@]}" >/dev/null 2>&1
	is "$(($? != 0)) $(by_bd) | $(by_us) | $(by_file)" "$refused $expected | $expected | $expected" "$name: $command"
done <<'END'
# close, then open again
bd-a           | create a --id bd-a
bd-a           | create b --id bd-b --deps blocks:bd-a
bd-b           | close bd-a
bd-a           | update bd-a --status open
bd-a           | ! close bd-b
bd-a           | close bd-b --force
# pin, then unpin
bd-a           | create a --id bd-a
bd-a           | create b --id bd-b --deps blocks:bd-a
bd-b           | update bd-a --status pinned
bd-a           | update bd-a --status open
               | update bd-a --pinned true
bd-a           | update bd-a --pinned false
# an edge, and an issue, that goes
bd-a           | create a --id bd-a
bd-a           | create b --id bd-b --deps blocks:bd-a
bd-a bd-b      | dep remove bd-b bd-a
bd-a           | dep add bd-b bd-a
bd-b           | delete bd-a --force
# a late child
bd-s           | create s --id bd-s
bd-s bd-w      | create w --id bd-w --waits-for bd-s
bd-c bd-s      | create c --id bd-c --deps parent-child:bd-s
bd-s bd-w      | close bd-c
bd-d bd-s      | create d --id bd-d --deps parent-child:bd-s
# linking a closed child opens any-children
bd-s           | create s --id bd-s
bd-c bd-s      | create c --id bd-c --deps parent-child:bd-s
bd-c bd-s      | create w --id bd-w --waits-for bd-s --waits-for-gate any-children
bd-c bd-s bd-x | create x --id bd-x
bd-c bd-s      | close bd-x
bd-c bd-s bd-w | dep add bd-x bd-s --type parent-child
# a blocker that was closed when it came
bd-k           | create k --id bd-k
               | close bd-k
bd-b           | create b --id bd-b
bd-b           | dep add bd-b bd-k
bd-k           | update bd-k --status open
# refused
bd-a           | create a --id bd-a
bd-a           | create b --id bd-b --deps blocks:bd-a
bd-a           | ! dep add bd-a bd-b
bd-a           | ! dep add bd-a bd-a
bd-a           | ! create x --id other-x
bd-a           | ! close bd-nothing
# an epic that waits, and its children
bd-k           | create k --id bd-k
bd-e bd-k      | create e --id bd-e
bd-c bd-e bd-k | create c --id bd-c --deps parent-child:bd-e
bd-k           | dep add bd-e bd-k
bd-c bd-e      | close bd-k
bd-k           | update bd-k --status open
# claimed, blocked and deferred are not ready, and block
bd-a           | create a --id bd-a
bd-a           | create b --id bd-b --deps blocks:bd-a
               | update bd-a --status blocked
               | update bd-a --status deferred
bd-a           | update bd-a --status open
               | update bd-a --defer 2099-01-01T00:00:00Z
bd-a           | update bd-a --defer 2020-01-01T00:00:00Z
END

# Order is by priority alone; nothing at all is still JSON.
rm -rf .beads
b init
is "$(b ready --json)" '[]' 'nothing is ready: JSON all the same'
is "$(ganger list --json | jq -c .issues)" '[]' '… and ours'
b create late --id bd-3 --priority 3 >/dev/null
b create first --id bd-0 --priority 0 >/dev/null
is "$(b ready --json | jq -r '.[].id' | paste -sd ' ')" 'bd-0 bd-3' 'bd orders by priority'
is "$(b export >"$T/e" && ganger plan --from "beads:$T/e" --json | jq -r '.ready | join(" ")')" 'bd-0 bd-3' '… and so do we'
done_testing
