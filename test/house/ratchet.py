#!/usr/bin/env python3
"""No function over 60 lines, no file over 600: what is longer is listed, and the list only shrinks.

    ratchet.py SOURCE       check SOURCE/src and SOURCE/test against SOURCE/test/house/long.txt
    ratchet.py --self-test  plant a function of each kind, and see that the right ones are found

A line of long.txt is 'path function lines', or 'path - lines' for a whole file. Tables and switches
may be listed; the number must be today's, so that none grows and each shrinking is kept.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FUNCTION_MAX, FILE_MAX = 60, 600
SKIP = 77


def lengths(source):
    """{(path, function or '-'): lines} of everything that is measured."""
    files = sorted(p for top in ('src', 'test') for p in (source / top).rglob('*.[ch]'))
    names = [str(p.relative_to(source)) for p in files]
    found = {(name, '-'): len(p.read_bytes().splitlines()) for name, p in zip(names, files)}
    tags = subprocess.run(
        ['ctags', '--options=NONE', '--output-format=json', '--languages=C', '--langmap=C:.c.h',
         '--kinds-C=f', '--fields=+ne', '-f', '-', '-L', '-'],
        input='\n'.join(names), cwd=source, check=True, capture_output=True, text=True).stdout
    for line in tags.splitlines():
        tag = json.loads(line)
        if tag['name'] == 'main' and tag['path'].startswith('test/'):
            continue  # the list of a test's cases
        found[tag['path'], tag['name']] = tag['end'] - tag['line'] + 1
    return found


def listed(path):
    rows = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.strip() and not line.startswith('#'):
            name, function, number = line.split()
            rows[name, function] = int(number)
    return rows


def check(source):
    known = listed(source / 'test/house/long.txt')
    faults = []
    for key, n in lengths(source).items():
        what = ' '.join(key)
        limit = FILE_MAX if key[1] == '-' else FUNCTION_MAX
        was = known.pop(key, None)
        if was is None and n > limit:
            faults.append(f'{what}: {n} lines, {limit} at most')
        elif was is not None and n > was:
            faults.append(f'{what}: grew from {was} to {n} lines')
        elif was is not None and n <= limit:
            faults.append(f'{what}: {n} lines now, take it off test/house/long.txt')
        elif was is not None and n < was:
            faults.append(f'{what}: {n} lines now, write that into test/house/long.txt')
    return faults + [f"{' '.join(key)}: is gone, take it off test/house/long.txt" for key in known]


def self_test():
    def function(name, n):
        return f'int {name}(void)\n{{\n' + '\tg();\n' * (n - 3) + '}\n\n'

    code = ''.join(function(name, n) for name, n in [
        ('fits', 60), ('too_long', 61), ('as_listed', 70), ('grown', 71), ('shrunk', 69), ('short_now', 10)])
    rows = 'as_listed 70\ngrown 70\nshrunk 70\nshort_now 70\ngone 70\n'
    with tempfile.TemporaryDirectory() as top:
        source = Path(top)
        (source / 'src/a').mkdir(parents=True)
        (source / 'test/house').mkdir(parents=True)
        (source / 'src/a/a.c').write_text(code)
        (source / 'src/a/b.c').write_text('int x;\n' * 601)
        (source / 'test/t.c').write_text(function('main', 90))
        (source / 'test/house/long.txt').write_text(
            '# tables\n' + ''.join(f'src/a/a.c {row}\n' for row in rows.splitlines()))
        said = sorted(text.removeprefix('src/a/') for text in check(source))
    want = ['a.c gone: is gone, take it off test/house/long.txt',
            'a.c grown: grew from 70 to 71 lines',
            'a.c short_now: 10 lines now, take it off test/house/long.txt',
            'a.c shrunk: 69 lines now, write that into test/house/long.txt',
            'a.c too_long: 61 lines, 60 at most',
            'b.c -: 601 lines, 600 at most']
    return [] if said == want else [f'said {said}, not {want}']


def main():
    if not shutil.which('ctags'):
        print('no ctags here: package universal-ctags')
        return SKIP
    faults = self_test() if sys.argv[1:] == ['--self-test'] else check(Path(sys.argv[1]))
    for text in faults:
        print(text)
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
