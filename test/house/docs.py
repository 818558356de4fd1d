#!/usr/bin/env python3
"""What the documents name is there: files, functions, and the tests that stand beside a bug.

    docs.py SOURCE       check README, CONTRIBUTING, docs/ and every README.md below SOURCE
    docs.py --self-test  see that a name of each kind that is not there is found

Looked at is what stands in backquotes and is a source file's name (`git/land.c`), a script of
test/cli (`t0514`), a call (`commit()`), a test's case (`what_was_lost_is_found`), or both with a
colon between (`core_lost.c`: `a_case`, `turn.c`: `commit()`), the corpus of a fuzzer, and links to
files. Each row of a table of bugs must name a test.
"""

import re
import sys
import tempfile
from pathlib import Path

# Names that stand for any.
EXAMPLES = {'thing.c', 'thing.h', 'verb.c', 'src/a.c', 'test/cli/tNNNN-area.sh'}
CODE = ('.c', '.h', '.def', '.py', '.sh', '.mjs')
FILE = re.compile(r'[\w./-]+\.(?:c|h|def|py|sh|mjs)')
SCRIPT = re.compile(r't\d{4}[a-z-]*')
CASE = re.compile(r'[a-z0-9]+(?:_+[a-z0-9]+){3,}')  # so long are no other names
BUGS = re.compile(r'\| (bug|finding|what it found)')


def named(path, sources):
    """The files that a document's short name may mean."""
    return [p for p in sources if p == path or p.endswith('/' + path)
            or (path.startswith('_') and p.endswith(path))]


def script(name, sources):
    return SCRIPT.fullmatch(name) and any(p.startswith('test/cli/' + name) for p in sources)


def cases(text):
    """The names of its tests, each also without the thing that is tested."""
    names = re.findall(r'\btest_(\w+)\(void \*\*', text)
    return {*names, *(name.partition('__')[2] for name in names)}


def has(path, name, sources):
    return name in (cases if path.startswith('test/unit/') else str)(sources[path])


def is_test(name, sources, known):
    return name in known or script(name, sources) or any(
        p.startswith('test/') for p in named(name, sources))


def untested(text, sources, known):
    """[(offset, words)] of the rows of bugs that name no test."""
    faults, heading = [], ''
    for m in re.finditer(r'^.*$', text, re.M):
        heading = (heading or m[0]) if m[0].startswith('|') else ''
        if m[0] != heading and BUGS.match(heading) and not m[0].startswith('|--'):
            if not any(is_test(name, sources, known) for name in re.findall(r'`([^`]+)`', m[0])):
                faults.append((m.start(), 'a bug without a test'))
    return faults


def faults_of(text, folder, sources, words, known):
    """[(offset, words)] of what 'text', a document in 'folder', names and is not there."""
    faults = []
    for m in re.finditer(r'`([^`\n]+)`', text):
        call = re.fullmatch(r'(\w+)\(\)', m[1])
        if call and call[1] not in words:
            faults.append((m.start(), f'no function {call[1]}()'))
        if FILE.fullmatch(m[1]) and m[1] not in EXAMPLES and not named(m[1], sources):
            faults.append((m.start(), f'no file {m[1]}'))
        if SCRIPT.fullmatch(m[1]) and not script(m[1], sources):
            faults.append((m.start(), f'no script {m[1]}'))
        if CASE.fullmatch(m[1]) and m[1] not in words | known:
            faults.append((m.start(), f'no test {m[1]}'))
    for m in re.finditer(r'`([\w/-]+\.[ch])`: `(\w+)(?:\(\))?`', text):
        if not any(has(p, m[2], sources) for p in named(m[1], sources)):
            faults.append((m.start(), f'no {m[2]} in {m[1]}'))
    for m in re.finditer(r'\bcorpus\s+`([\w/]+)`', text):
        if not named('fuzz/corpus/' + m[1], sources):
            faults.append((m.start(), f'no {m[1]} in the corpus'))
    for m in re.finditer(r'\]\((?!\w+:)([^)#]+)', text):
        if not (folder / m[1]).exists():
            faults.append((m.start(), f'a link to {m[1]}, which is not there'))
    return faults + untested(text, sources, known)


def check(source):
    sources = {}
    for top in ('src', 'test', 'bench', 'demo', 'docs', 'tools'):
        for path in (source / top).rglob('*'):
            if (path.suffix in CODE or 'corpus' in path.parts) and path.is_file():
                sources[str(path.relative_to(source))] = path.read_text(errors='replace')
    text = '\n'.join(sources.values())
    words, known = set(re.findall(r'\w+', text)), cases(text)
    documents = [source / 'README.md', source / 'CONTRIBUTING.md', *(source / 'docs').rglob('*.md'),
                 *(source / 'src').rglob('README.md'), *(source / 'test').rglob('README.md')]
    faults = []
    for document in documents:
        text = document.read_text()
        for offset, what in faults_of(text, document.parent, sources, words, known):
            line = text.count('\n', 0, offset) + 1
            faults.append(f'{document.relative_to(source)}:{line}: {what}')
    return len(documents), faults


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        case = 'static void test_lost__what_a_cut_took(void **state)'
        sources = {'src/git/land.c': 'int land(void);', 'src/tracker/github_edges.c': '',
                   'test/unit/core_lost.c': case, 'test/cli/t0514-people.sh': '',
                   'test/fuzz/corpus/git/odd': ''}
        table = '\n| bug | now |\n|---|---|\n| it broke | '
        good = '`git/land.c` `land()` `git/land.c`: `land()` `_edges.c` `thing.c` [us](.) `t0514`' \
            '`core_lost.c`: `what_a_cut_took` corpus `git/odd`' + table + \
            '`t0514` |\n| it | `what_a_cut_took` |'
        bad = '`git/gone.c` `gone()` `git/land.c`: `other` [them](gone.md) `t0515`' \
            '`core_lost.c`: `what_a_cut` `what_a_cut_gave` corpus `git/od`' + table + \
            'in `git/land.c` |'
        known = cases(case)

        def found(text):
            return [what for _, what in faults_of(text, Path(folder), sources, {'land'}, known)]
        assert found(good) == [], found(good)
        assert found(bad) == [
            'no file git/gone.c', 'no function gone()', 'no script t0515', 'no test what_a_cut_gave',
            'no other in git/land.c', 'no what_a_cut in core_lost.c',
            'no git/od in the corpus', 'a link to gone.md, which is not there',
            'a bug without a test'], found(bad)


def main():
    if sys.argv[1:] == ['--self-test']:
        return self_test()
    documents, faults = check(Path(sys.argv[1]))
    for fault in faults:
        print(fault)
    if faults or documents < 10:
        sys.exit(f'{len(faults)} name(s) in {documents} documents are not there')


if __name__ == '__main__':
    main()
