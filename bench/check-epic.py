"""
Looks at an epic that was run, from outside: the export says what was wanted, Git what came of
it. The journal is asked for one thing, where each attempt began, and is compared with Git.

    check-epic.py EXPORT REPOSITORY JOURNAL TASKS EDGES
"""

import json
import sqlite3
import subprocess
import sys

KINDS = {"task", "bug", "feature", "chore"}
failed = False


def check(what, good, detail=""):
    global failed
    failed = failed or not good
    print(f"{'ok' if good else 'FAILED'}: {what}{': ' + str(detail) if detail != '' else ''}")


def read_export(path):
    """Issues that count, and the pairs (task, what it needs)."""
    latest = {}
    for line in open(path, encoding="utf-8"):
        issue = json.loads(line)
        have = latest.get(issue["id"])
        if not have or issue.get("updated_at", "") >= have.get("updated_at", ""):
            latest[issue["id"]] = issue
    tasks = {
        i
        for i, x in latest.items()
        if x.get("issue_type", "task") in KINDS
        and x.get("status") != "tombstone"
        and not x.get("ephemeral")
    }
    edges = set()
    for i in tasks:
        for d in latest[i].get("dependencies") or []:
            if d["type"] in ("blocks", "conditional-blocks") and d["depends_on_id"] in tasks:
                edges.add((i, d["depends_on_id"]))
    return tasks, edges


def git(repository, *args):
    return subprocess.run(
        ["git", "-C", repository, *args], check=True, capture_output=True, text=True
    ).stdout


def read_history(repository):
    """Parents of every commit, and the first-parent line of the epic from its base on."""
    parents, tasks = {}, {}
    log = git(
        repository,
        "log",
        "-z",
        "--format=%H%x00%P%x00%(trailers:key=Ganger-Task,valueonly,separator=%x2C)",
        "epic/real",
    ).split("\0")
    for at in range(0, len(log) - 2, 3):
        parents[log[at]] = log[at + 1].split()
        tasks[log[at]] = log[at + 2].strip()
    base = git(repository, "rev-parse", "main").strip()
    line, commit = [], git(repository, "rev-parse", "epic/real").strip()
    while commit != base and commit in parents and parents[commit]:
        line.append(commit)
        commit = parents[commit][0]
    check("the epic branch begins at the base", commit == base)
    line.append(base)
    line.reverse()
    return parents, tasks, line


def place_of(commit, place, parents):
    """How much of the line this commit contains: the highest place among its ancestors."""
    best, todo, seen = -1, [commit], set()
    while todo:
        c = todo.pop()
        if c in seen:
            continue
        seen.add(c)
        if c in place:
            best = max(best, place[c])
        else:
            todo += parents.get(c, [])
    return best


def journaled_starts(journal):
    starts = {}
    db = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    rows = db.execute("SELECT task, text FROM trace WHERE kind = 'PREPARED' AND task IS NOT NULL")
    for task, text in rows:
        event = json.loads(text)
        if event.get("b"):  # a check's worktree has no base
            starts.setdefault(task, []).append(event["a"])
    return starts


def main():
    export, repository, journal, n_tasks, n_edges = sys.argv[1:]
    wanted, edges = read_export(export)
    check("tasks and edges in the export", (len(wanted), len(edges)) == (int(n_tasks), int(n_edges)),
          f"{len(wanted)} and {len(edges)}")
    parents, tasks, line = read_history(repository)
    place = {commit: at for at, commit in enumerate(line)}
    landings = {}
    for commit in line[1:]:
        landings.setdefault(tasks[commit], []).append(commit)
    check("each landing is of a task of the epic", set(landings) <= wanted)
    check("one landing each", set(landings) == wanted and all(len(v) == 1 for v in landings.values()),
          f"{sum(map(len, landings.values()))} landings of {len(landings)} tasks")
    starts = journaled_starts(journal)
    check("the journal says where each task began", set(starts) == wanted)
    wrong = [t for t, v in landings.items()
             if parents[parents[v[0]][1]] != starts.get(t, [""])[-1:]]
    check("Git says the same of each: the work has one commit, made where the attempt began",
          not wrong, wrong[:5] if wrong else "")
    early = [(task, needs) for task, needs in edges for start in starts.get(task, [])
             if place_of(start, place, parents) < place[landings[needs][0]]]
    check("every dependency's merge is an ancestor of each start of its dependents",
          not early, early[:5] if early else f"{len(edges)} edges")
    names = git(repository, "ls-tree", "--name-only", "epic/real").split("\n")
    check("every task's file is in the epic branch", all(t + ".txt" in names for t in wanted))
    sys.exit(failed)


main()
