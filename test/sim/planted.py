#!/usr/bin/env python3
"""Has the simulator teeth? Plant one bug at a time and see that a rule breaks.

    planted.py SOURCE [--seeds N] [--shrink] [NAME...]     in a copy of SOURCE; prints a table in Markdown
    planted.py SOURCE --texts                              only: has each bug its place?

--shrink also shrinks each seed that fails, and sees that the smallest run breaks the same rule,
and the real source, in that run, none.
Exit 0 when each was caught within N seeds (default 2000). A text that is no longer in its file
is a failure too: the bug must be planted somewhere.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# name, and what is planted: file, what stands there, what is put there; perhaps more of those
BUGS = [
    ('one attempt too many', 'core/attempt.c',
     '++t->spent >= c->policy.attempts', '++t->spent > c->policy.attempts'),
    ('a success does not count as an attempt', 'core/attempt.c', '\t\tt->spent++;\n', ''),
    ('no delay before a retry', 'core/attempt.c',
     'task_wait(c, t, backoff_ms(c, t->spent))', 'task_wait(c, t, 0)'),
    ('what had no room is tried again at once', 'core/attempt.c',
     'task_wait(c, t, backoff_ms(c, t->interruptions))', 'task_make_ready(c, t)'),
    ('"nothing to do" after a red check', 'core/attempt.c', 'ev->result == RESULT_NOTHING && t->red',
     'false'),
    ('a stale answer is accepted', 'core/step.c', 'ev->serial != t->serial', 'false'),
    ('a wait that is over wakes for ever', 'core/step.c',
     '\t\ttask_due(c, t, 0, 0);\n', '\t\tif (table[t->state][EV_DUE])\n\t\t\ttask_due(c, t, 0, 0);\n\t\telse\n\t\t\tbreak;\n'),
    ('one session too many', 'core/schedule.c', 'c->live < most &&', 'c->live <= most &&'),
    ('the limit of a kind is forgotten', 'core/schedule.c', 'k->max == 0 || k->live < k->max',
     'true'),
    ('labels choose nobody', 'core/schedule.c', 'c->policy.resolver : t->own', 'c->policy.resolver : 0'),
    ('a label that changes is not heard of', 'core/news.c', '\tt->own = ev->m == ISSUE_GONE ? t->own : kind_index(c, ev->code);\n', ''),
    ('only the first agent is probed', 'core/run.c', 't->own == kind && !t->branch', '!kind && !t->branch'),
    ('what left the epic lands', 'core/queue.c', 't->away == AWAY_GONE && !t->branch', 'false'),
    ('an attempt counts for another kind', 'core/schedule.c', 't->agent = core_next_kind(c, t);', 't->agent = t->own ? 0 : core_next_kind(c, t);'),
    ('an attempt keeps its number', 'core/schedule.c', '\tt->attempt++;\n', ''),
    ('a hidden child is started', 'core/schedule.c', 'if (t->outside)\n\t\treturn;', 'if (false)\n\t\treturn;',
     'core/schedule.c', 'if (t->away != AWAY_NO) {', 'if (false) {'),
    ('a task may cost anything', 'core/schedule.c', 'if (task_spent(c, t)) {', 'if (false) {'),
    ('a pause that was shortened is not written', 'core/schedule.c',
     'k->dirty = c->run_dirty = true;', ''),
    ('dependents start as soon as it is queued', 'core/state.c', 't->state == TASK_MERGED ||',
     't->state == TASK_MERGED || t->state == TASK_QUEUED ||'),
    ('a failed task unblocks', 'core/state.c', 't->state == TASK_MERGED ||',
     't->state == TASK_MERGED || t->state == TASK_FAILED ||'),
    ('what cannot be ended gives its place on', 'core/state.c',
     '\t\t*stays |= INT64_C(1) << (place - 1);', '\t\t*stays |= 0;'),
    ('two tasks in one worktree', 'core/state.c', 'c->slots.n && c->slots.items[at])',
     'c->slots.n && false)'),
    ('a job number is given out twice', 'core/state.c', 't->job = ++c->run.job;',
     't->job = c->run.job + 1;'),
    ('a serial is not written', 'core/state.c',
     '\tc->run_dirty = true;\n\ttask_touch(c, t);\n\tVEC_PUSH(&c->actions', '\ttask_touch(c, t);\n\tVEC_PUSH(&c->actions'),
    ('it lands unchecked', 'core/gate.c', 'if (choose_check(c, t))\n\t\tprepare(c, t);', 'if (false)\n\t\tprepare(c, t);'),
    ('only the first check counts', 'core/gate.c', 'if (!choose_check(c, t))', 'if (true)'),
    ('a check that has paths is never run', 'run/act_land.c', '(int64_t)!touches << i', '(int64_t)(x->paths != NULL) << i'),
    ('a pass is forgotten', 'core/gate.c', 'VEC_PUSH(&c->new_passes, arena_strdup(&c->arena, key));', ''),
    ('a pass holds for any tree', 'core/gate.c', '"%s %s", t->tree.hex, check_key', '"%.0s %s", t->tree.hex, check_key'),
    ('what was approved is not looked at', 'core/queue.c', 'strcmp(t->approved.hex, t->head.hex) != 0', '!t->approved.hex[0]'),
    ('red is green', 'core/gate.c',
     'ev->code == 0 && !t->cancel) {\n\t\tjob_over(c, t, ev);\n\t\tpassed', '!t->cancel) {\n\t\tjob_over(c, t, ev);\n\t\tpassed'),
    ('a flaky pass counts', 'core/gate.c', 'flaky && c->policy.flaky_fails', 'false'),
    ('a red check is run again for ever', 'core/gate.c', 't->reds < c->policy.gate_retries', 'c->policy.gate_retries'),
    ('moved counts as landed', 'core/queue.c',
     't->onto = ev->a;\n\t\ttask_set_state(c, t, TASK_MERGING);', 'landed(c, t, &ev->a);'),
    ('it is closed before it lands', 'core/queue.c',
     'case VERDICT_PASSED:\n\t\ttrain_land(c, t, &t->onto, &t->merge);', 'case VERDICT_PASSED:\n\t\tlanded(c, t, &t->merge);'),
    ('a verdict counts before its turn', 'core/queue.c', 'v != VERDICT_MADE && train_is_first(c, t)', 'v != VERDICT_MADE'),
    ('two checks in one worktree', 'core/train.c', 'train_at(c, i)->gate == gate', 'false'),
    ('each of a group lands by itself', 'core/train.c', 'train_land(c, train_at(c, i), &on, &as);', 'train_land(c, train_at(c, i), &on, &train_at(c, i)->merge);'),
    ('the last of a group is blamed', 'core/train.c', 'if (last == first)\n\t\tverdict_counts', 'if (last == first || t->verdict == VERDICT_RED)\n\t\tverdict_counts'),
    ('a group goes over a conflict', 'core/group.c', 'return t->state == TASK_STANDING &&\n\t       (t->verdict == VERDICT_CONFLICT', 'return false &&\n\t       (t->verdict == VERDICT_CONFLICT'),
    ('a group is tested by what its last touches', 'core/group.c', 'skips &= train_at(c, i)->skips;', ';'),
    ('a failing group is not taken apart', 'core/group.c', '!train_holds_at(c, last) || !cuts', 'true'),
    ('a proof is read the wrong way round', 'core/proof.c', 'if (v == VERDICT_PASSED)', 'if (v == VERDICT_RED)'),
    ('who waits is never more urgent', 'core/heap.c', 't->passed_by / PASSED_MAX', '0'),
    ('checks take no place', 'core/schedule.c', '(gates > 1 ? gates - 1 : 0)', '0 * gates'),
    ('checks wait for no place', 'core/group.c', 'c->live + running > c->policy.max_concurrent', 'false'),
    ('jobs are not asked for again', 'core/load.c', 'k == ACT_NONE || t->gave_up',
     'k == ACT_NONE || task_is(t, F_JOB) || t->gave_up'),
    ('what is asked for again has a new number', 'core/load.c', '.serial = t->serial,',
     '.serial = t->serial + 1,'),
    ('it ends without tidying', 'core/run.c',
     'say_spent(c);\n\trun_set_state(c, RUN_TIDYING);', 'say_spent(c);\n\trun_set_state(c, RUN_ENDED);'),
    ('another try of the run is not written', 'core/run.c',
     'c->run.run_serial = ++c->run.serial;\n\tc->run_dirty = true;', 'c->run.run_serial = ++c->run.serial;'),
    ('done before it is durable', 'run/turn.c', 'if (!commit(s))\n\t\treturn;\n\tcarry_out(s);',
     'bool durable = commit(s);\n\tcarry_out(s);\n\tif (!durable)\n\t\treturn;'),
    ('forgotten before it is durable', 'run/jobs.c',
     '\tbool gate = j->kind',
     '\tchar *dir CLEANUP(freep) = path_job(&s->paths, j->number);\n'
     '\ts->executor->ops->forget(s->executor, end->number, dir);\n\tbool gate = j->kind'),
    ('orphans live on', 'run/recovery.c', '\trecovery_orphans(s);\n\t', '\t'),
    ('it begins beside an orphan', 'run/recovery.c', 'if (s->jobs.items[i].orphan)', 'if (false)'),
    ('full for ever', 'run/recovery.c',
     'supervisor_event(s, &(struct core_event){.kind = EV_DISK, .task = -1, .n = s->full});',
     'if (s->full)\n\t\tsupervisor_event(s, &(struct core_event){.kind = EV_DISK, .task = -1, .n = 1});'),
    ('forgotten before it was judged', 'run/outbox.c', 'w->answer.kind == EV_COLLECTED ?',
     'w->action.kind == ACT_COLLECT ?'),
    ('our own start is taken for a fix', 'run/act.c',
     '|| streq(tip.hex, w->t.start.hex);\n\tif (!ours &&', ';\n\tif (false &&'),
    ('a conflict is taken for landed', 'run/act_land.c', 'w->answer.kind = EV_CONFLICT;',
     'w->answer.kind = EV_ALREADY;'),
    ('one resolver too many', 'core/conflict.c', 't->resolves < c->policy.conflict_attempts;',
     't->resolves <= c->policy.conflict_attempts;'),
    ('a resolver that is done does not count', 'core/conflict.c',
     '\tt->resolves++;\n\tt->resolve = 0;', '\tt->resolve = 0;'),
    ('a resolver that failed is tried again at once', 'core/conflict.c',
     'task_wait(c, t, backoff_ms(c, t->resolves));', 'task_make_ready(c, t);'),
    ('a conflict goes to an agent before its turn', 'core/queue.c',
     '\ttask_reason(c, t, "conflicts with what has landed: %s", ev->text);\n\tqueue_found(c, t, VERDICT_CONFLICT);',
     '\tconflict_counts(c, t);'),
    ('a resolver starts without the work', 'run/act.c', 'return GIT_FROM_CONFLICT;',
     'return GIT_FROM_EPIC;'),
    ('a resolver goes on for another one', 'core/conflict.c',
     '\tt->resolves++;\n\tt->resolve = 0;', '\tt->resolves++;'),
    ("a person's branch goes to any agent", 'core/conflict.c', '(t->branch == 1 && c->policy.resolver > 0)', 't->branch == 1',
     'core/conflict.c', 'return t->branch && t->resolve && c->policy.resolver == 0;', 'return false;',
     'run/jobs.c', 'w->t.branch && !w->s->spec.resolver', 'false'),
    ("a resolver works on the person's own branch", 'run/act.c', 'return branch_expand(w->s->config->git_task_branch, w->s->spec.epic, w->t.id);', 'return w->t.branch ? mem_printf("people/%s", w->t.id) : branch_expand(w->s->config->git_task_branch, w->s->spec.epic, w->t.id);'),
    ('two that touch one file at once', 'core/beside.c',
     'c->policy.overlap_wait && t->busy > 0', 'c->policy.overlap_wait && t->busy > 1'),
    ('what a power cut took is not heard', 'core/lost.c', 'if (lost & LOST_HEAD)', 'if (!lost)'),
    ('a merge that is gone is not told', 'run/lost.c', '(x->merge_lost ? LOST_MERGE : 0)', '0'),
    ('what those at work change is not told', 'run/peek.c', 's->core.run.state == RUN_RUNNING && x->paths.n', 'false'),
    ('of what is seen later only a part is compared', 'run/graph.c', 'send_overlap(s, number, known, i);', 'send_overlap(s, number, known + 1, i);'),
    ('overlaps are not told', 'run/graph.c', '{.kind = EV_OVERLAP,', '{.kind = EV_TICK,'),
    ('a branch that moved lands as it was', 'core/news.c', '\tt->head = ev->a;\n', '\tt->head = t->head.hex[0] ? t->head : ev->a;\n',
     'run/request.c', 'return queued && t->branch && streq(t->head.hex, head);', 'return queued && t->branch && head;'),
    ('a branch that was withdrawn is said to be queued', 'core/news.c', '\tcase TASK_CANCELLED:\n\t\treturn true;', '\t\treturn true;',
     'run/request.c', 'at >= 0 && !core_takes_branch(&c->tasks.items[at])', 'false',
     'run/request.c', 'if (at < 0 || is_queued_at(&c->tasks.items[at], r->head))', 'if (at < 0 || r->head)'),
    ('what was asked while a turn is held is answered at once', 'run/asked.c', 'if (was_held && !s->held)', 'if (false)'),
    ("an entry of a person's is closed as an issue", 'core/queue.c', 'if (t->spent >= c->policy.attempts || c->policy.no_agents || t->branch)\n\t\ttask_fail(c, t);', 'if (t->branch)\n\t\ttask_set_state(c, t, TASK_NOTHING);\n\telse if (t->spent >= c->policy.attempts || c->policy.no_agents)\n\t\ttask_fail(c, t);'),
    ("an agent is started for a person's branch", 'core/schedule.c', 'bool submits = is_for_author(t);', 'bool submits = false;',
     'run/jobs.c', 'w->t.branch && !w->s->spec.resolver', 'false'),
    ('an issue that stands for a branch is started', 'run/labels.c', 'if (labels_branch(i))', 'if (false)'),
    ('an issue is closed before the base has it', 'run/act.c', '(sha && streq(w->s->config->tracker_close, "base"))', 'false'),
    ('closed with the base, whether it moved or not', 'ui/cli/finish.c', 'if (code == CLI_OK && cli_flag(c, "merge"))', 'if (cli_flag(c, "merge"))'),
    ('what was taken out is closed with the base', 'ui/cli/finish.c', '*ret += !in;', '*ret += 0;',
     'ui/cli/finish.c', 'if (in && closes', 'if (closes'),
    ('what was taken out of the branch is closed', 'run/act.c', '(sha && !stays && is_work_in(', '(false && is_work_in('),
    ('what goes into the base untested is not said', 'ui/cli/finish_forge.c',
     'return mem_printf("somebody moved \'%s\' on since the last landing", v->epic_branch);', 'return NULL;'),
    ('the base is squashed on its way in', 'run/act_land.c', 'return w->t.branch == 2 ? "merge" : w->s->config->queue_method;', 'return w->s->config->queue_method;'),
    ('the base is closed as an issue', 'run/act.c', 'bool stays = w->t.branch == 2 ||', 'bool stays ='),
    ('an epic is finished beside an attempt', 'ui/cli/finish.c', 'if (v->core.live) {', 'if (false) {'),
    ('merged by no commit', 'run/act.c', 'w->t.landed.hex[0] ? w->t.landed.hex : NULL',
     'w->t.landed.hex'),
]


def planted(tree, edits):
    """By path the text as it is, and as it is to be; and the file without just one place, or None."""
    before, after = {}, {}
    for file, old, new in zip(edits[::3], edits[1::3], edits[2::3]):
        path = tree / 'src' / file
        before.setdefault(path, path.read_text())
        text = after.get(path, before[path])
        if text.count(old) != 1:
            return before, before, file
        after[path] = text.replace(old, new)
    return before, after, None


def write(texts):
    for path, text in texts.items():
        path.write_text(text)


def build(tree):
    done = subprocess.run(['ninja', '-C', str(tree / 'build'), 'ganger-sim'],
                          capture_output=True, text=True)
    return '' if done.returncode == 0 else done.stdout[-2000:]


def hunt(tree, seeds):
    """(seed, rule) of the first seed that fails; None where none does."""
    done = subprocess.run([str(tree / 'build/ganger-sim'), '--seeds', f'1..{seeds}', '--first'],
                          capture_output=True, text=True)
    found = re.findall(r'^seed (\d+): (.*)$', done.stderr, re.M)
    return found[-1] if done.returncode and found else None


def run(tree, *args):
    return subprocess.run([str(tree / 'build/ganger-sim'), *args], capture_output=True, text=True)


def rule_of(done):
    told = re.findall(r'^seed \d+: ([^:\n]*)', done.stderr, re.M)
    return told[-1] if done.returncode and told else None


def shrink(tree, seed, rule):
    """The arguments of the smallest run; None where it does not break the rule, or twice not alike."""
    done = run(tree, '--seed', seed, '--shrink', '--seconds', '120')
    found = re.search(r'^smallest: ganger-sim (.*)$', done.stdout, re.M)
    if not found or rule_of(done) != rule:
        return None
    args = found[1].split()
    one, two = run(tree, *args), run(tree, *args)
    return args if one.stderr == two.stderr == done.stderr and rule_of(one) == rule else None


def well(tree, smallest):
    """Those whose smallest run breaks nothing where nothing is planted."""
    trouble = build(tree)
    good = [n for n, args in smallest if args and not trouble and not run(tree, *args).returncode]
    for name, args in smallest:
        if name not in good:
            print(f'not well without what is planted: {name}: {args}', file=sys.stderr)
    return good


def check_texts(source):
    lost = [(name, odd) for name, *edits in BUGS if (odd := planted(source, edits)[2])]
    for name, odd in lost:
        print(f'{name}: its text is not once in {odd}', file=sys.stderr)
    return 1 if lost else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('source')
    parser.add_argument('names', nargs='*')
    parser.add_argument('--seeds', type=int, default=2000)
    parser.add_argument('--shrink', action='store_true')
    parser.add_argument('--texts', action='store_true')
    args = parser.parse_intermixed_args()
    if args.texts:
        return check_texts(Path(args.source))
    bugs = [b for b in BUGS if not args.names or b[0] in args.names]
    missed = 0
    smallest = []
    with tempfile.TemporaryDirectory() as top:
        tree = Path(top) / 'tree'
        shutil.copytree(args.source, tree, ignore=shutil.ignore_patterns('build*', '.git'))
        subprocess.run(['meson', 'setup', str(tree / 'build'), str(tree)], check=True,
                       capture_output=True)
        print('| planted | caught by seed | as |' + ' smallest run |' * args.shrink)
        print('|---|---|---|' + '---|' * args.shrink)
        for name, *edits in bugs:
            before, after, odd = planted(tree, edits)
            write(after)
            if odd:
                result = f'| {name} | – | its text is not once in {odd} |'
                missed += 1
            else:
                trouble = build(tree)
                found = None if trouble else hunt(tree, args.seeds)
                missed += found is None
                result = f'| {name} | {found[0]} | {found[1]} |' if found else \
                    f'| {name} | – | {"it does not build" if trouble else "not caught"} |'
                if found and args.shrink:
                    small = shrink(tree, found[0], found[1].partition(':')[0])
                    missed += small is None
                    smallest.append((name, small))
                    result += f' {" ".join(small or ["not shrunk"])} |'
                if trouble:
                    print(trouble, file=sys.stderr)
            write(before)
            print(result, flush=True)
        missed += args.shrink and len(well(tree, smallest)) < len(smallest)
    print(f'\n{len(bugs) - missed} of {len(bugs)} caught within {args.seeds} seeds')
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
