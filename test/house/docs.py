#!/usr/bin/env python3
"""What the documents name is there: files, functions, and the tests that stand beside a bug.

    docs.py SOURCE       check README, CONTRIBUTING, docs/ and every README.md below SOURCE
    docs.py --self-test  see that a name of each kind that is not there is found

Looked at is what stands in backquotes and is a source file's name (`git/land.c`), a call
(`commit()`), or both with a colon between (`core_lost.c`: `a_case`, `turn.c`: `commit()`), and
links to files.
"""

import re
import sys
import tempfile
from pathlib import Path

# Names that stand for any.
EXAMPLES = {'thing.c', 'thing.h', 'verb.c', 'src/a.c', 'test/cli/tNNNN-area.sh'}
CODE = ('.c', '.h', '.def', '.py', '.sh', '.mjs')
FILE = re.compile(r'[\w./-]+\.(?:c|h|def|py|sh|mjs)')


def named(path, sources):
    """The files that a document's short name may mean."""
    return [p for p in sources if p == path or p.endswith('/' + path)
            or (path.startswith('_') and p.endswith(path))]


def faults_of(text, folder, sources, words):
    """[(offset, words)] of what 'text', a document in 'folder', names and is not there."""
    faults = []
    for m in re.finditer(r'`([^`\n]+)`', text):
        call = re.fullmatch(r'(\w+)\(\)', m[1])
        if call and call[1] not in words:
            faults.append((m.start(), f'no function {call[1]}()'))
        if FILE.fullmatch(m[1]) and m[1] not in EXAMPLES and not named(m[1], sources):
            faults.append((m.start(), f'no file {m[1]}'))
    for m in re.finditer(r'`([\w/-]+\.[ch])`: `(\w+)(?:\(\))?`', text):
        if not any(m[2] in sources[p] for p in named(m[1], sources)):
            faults.append((m.start(), f'no {m[2]} in {m[1]}'))
    for m in re.finditer(r'\]\((?!\w+:)([^)#]+)', text):
        if not (folder / m[1]).exists():
            faults.append((m.start(), f'a link to {m[1]}, which is not there'))
    return faults


def check(source):
    sources = {}
    for top in ('src', 'test', 'bench', 'demo', 'docs', 'tools'):
        for path in (source / top).rglob('*'):
            if path.suffix in CODE and path.is_file():
                sources[str(path.relative_to(source))] = path.read_text(errors='replace')
    words = set(re.findall(r'\w+', '\n'.join(sources.values())))
    documents = [source / 'README.md', source / 'CONTRIBUTING.md', *(source / 'docs').rglob('*.md'),
                 *(source / 'src').rglob('README.md'), *(source / 'test').rglob('README.md')]
    faults = []
    for document in documents:
        text = document.read_text()
        for offset, what in faults_of(text, document.parent, sources, words):
            line = text.count('\n', 0, offset) + 1
            faults.append(f'{document.relative_to(source)}:{line}: {what}')
    return len(documents), faults


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        sources = {'src/git/land.c': 'int land(void);', 'src/tracker/github_edges.c': ''}
        good = '`git/land.c` `land()` `git/land.c`: `land()` `_edges.c` `thing.c` [us](.)'
        bad = '`git/gone.c` `gone()` `git/land.c`: `other` [them](gone.md)'
        assert faults_of(good, Path(folder), sources, {'land'}) == []
        found = [what for _, what in faults_of(bad, Path(folder), sources, {'land'})]
        assert found == ['no file git/gone.c', 'no function gone()', 'no other in git/land.c',
                         'a link to gone.md, which is not there'], found


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
