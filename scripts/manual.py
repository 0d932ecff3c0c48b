#!/usr/bin/env python3
"""Writes the man pages of a deroot binary: manual.py DEROOT SECTIONS_DIR OUT_DIR

Names, synopses and options come from the binary itself (--experimental-dump-help), the rest from
SECTIONS_DIR/COMMAND.md: `# HEADING`, paragraphs, `- term: text` rows and indented examples.
images.md goes into the pages of commands that read images, all.md into every page: where a page has
the same heading, FILES and ENVIRONMENT are joined and others left out. Hidden commands get no page; a
visible one without a file of its own is an error, so that none is forgotten."""
import json
import os
import re
import subprocess
import sys


def roff(text):
    """Text with everything that roff would take for its own."""
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq').replace('`', '\\(ga')
    return '\n'.join('\\&' + line if line[:1] in ('.', "'") else line for line in text.split('\n'))


def sections(path):
    """The headings of a file, in order, with their text as roff."""
    found = []
    lines = open(path, encoding='utf-8').read().split('\n') + ['']
    paragraph, example = [], []

    def end_paragraph():
        if paragraph:
            found[-1][1].append('.PP\n' + roff(' '.join(paragraph)))
            paragraph.clear()

    def end_example():
        if example:
            found[-1][1].append('.PP\n.in +4n\n.nf\n' + roff('\n'.join(example)) + '\n.fi\n.in')
            example.clear()

    for line in lines:
        if line.startswith('    '):
            end_paragraph()
            example.append(line[4:])
            continue
        end_example()
        row = re.match(r'- (.+?): (.+)', line)
        if line.startswith('# '):
            end_paragraph()
            found.append((line[2:], []))
        elif row:
            end_paragraph()
            found[-1][1].append('.TP\n.B ' + roff(row[1]) + '\n' + roff(row[2]))
        elif line.strip():
            paragraph.append(line.strip())
        else:
            end_paragraph()
    return [(name, '\n'.join(body)) for name, body in found]


def spelled(argument, name):
    dashes = '--' if name['kind'] == 'long' else '-'
    value = argument.get('valueName', '')
    text = '\\fB' + roff(dashes + name['name']) + '\\fR'
    return text if argument['kind'] == 'flag' else text + ' \\fI' + roff(value) + '\\fR'


def synopsis(words, command):
    parts = ['.B ' + roff(' '.join(words))]
    shown = [a for a in command.get('arguments', []) if a.get('shouldDisplay', True)]
    if any(a['kind'] != 'positional' for a in shown):
        parts.append('[\\fIOPTION\\fR]...')
    for argument in shown:
        if argument['kind'] == 'positional':
            name = '\\fI' + roff(argument['valueName'].upper()) + '\\fR'
            name += '...' if argument.get('isRepeating') else ''
            parts.append('[' + name + ']' if argument.get('isOptional') else name)
    if visible(command):
        parts.append('\\fICOMMAND\\fR')
    return '\n'.join(parts)


def visible(command):
    return [c for c in command.get('subcommands', [])
            if c.get('shouldDisplay', True) and c['commandName'] != 'help']


def options(command):
    rows = []
    for argument in command.get('arguments', []):
        if not argument.get('shouldDisplay', True):
            continue
        if argument['kind'] == 'positional':
            head = '\\fI' + roff(argument['valueName'].upper()) + '\\fR'
        else:
            head = ', '.join(spelled(argument, name) for name in argument['names'])
        text = ' '.join(argument.get(key, '') for key in ('abstract', 'discussion')).strip()
        if argument.get('defaultValue') and argument['kind'] != 'flag':
            text += ' Default: ' + argument['defaultValue'] + '.'
        if argument.get('allValues'):
            text += ' One of: ' + ', '.join(argument['allValues']) + '.'
        rows.append('.TP\n' + head + '\n' + roff(text))
    return '\n'.join(rows)


def page(words, command, version, texts, others):
    title = '-'.join(words)
    out = ['.\\" Made by scripts/manual.py from the binary and docs/man; do not edit.',
           '.TH "%s" 1 "" "deroot %s" "deroot manual"' % (roff(title.upper()), roff(version)),
           '.SH NAME', roff(title) + ' \\- ' + roff(command['abstract'].rstrip('.')),
           '.SH SYNOPSIS', synopsis(words, command), '.SH DESCRIPTION',
           roff(command.get('discussion') or command['abstract'])]
    if visible(command):
        out.append('.SH COMMANDS')
        for child in visible(command):
            out.append('.TP\n.B ' + roff(' '.join(words[1:] + [child['commandName']])) + '\n'
                       + roff(child['abstract']))
    out += ['.SH OPTIONS', options(command)]
    for heading, body in texts:
        out += ['.SH ' + roff(heading), body]
    out += ['.SH SEE ALSO', ',\n'.join('.BR %s (1)' % roff(name) for name in others if name != title)
            .replace(',\n', ' ,\n')]
    return '\n'.join(line for line in out if line) + '\n'


def joined(own, shared):
    """A page's own sections, with what it shares with others behind or inside them."""
    merged = dict(own)
    for heading, body in shared:
        if heading not in merged:
            merged[heading] = body
        elif heading in ('FILES', 'ENVIRONMENT'):
            merged[heading] += '\n' + body
    order = ['EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES']
    return sorted(merged.items(), key=lambda entry: order.index(entry[0]) if entry[0] in order else -1)


def reads_images(command):
    """True where the command, or one of its own, can be told how to talk to registries."""
    return any(name['name'] == 'authfile' for argument in command.get('arguments', [])
               for name in argument.get('names', [])) or any(map(reads_images, visible(command)))


def main():
    deroot, source, target = sys.argv[1:]
    said = subprocess.run([deroot, '--experimental-dump-help'], capture_output=True, check=True)
    root = json.loads(said.stdout)['command']
    version = subprocess.run([deroot, '--version'], capture_output=True, check=True, text=True)
    version = version.stdout.split()[-1]
    todo, pages = [(['deroot'], root)], []
    while todo:
        words, command = todo.pop(0)
        pages.append((words, command))
        todo += [(words + [c['commandName']], c) for c in visible(command)]
    # Commands of commands are told of in their parent's page.
    own = [entry for entry in pages if len(entry[0]) < 3]
    names = ['-'.join(words) for words, _ in own]
    everywhere = sections(os.path.join(source, 'all.md'))
    images = sections(os.path.join(source, 'images.md'))
    os.makedirs(target, exist_ok=True)
    for words, command in own:
        name = '-'.join(words)
        texts = sections(os.path.join(source, name + '.md'))
        if reads_images(command):
            texts = joined(texts, images)
        text = page(words, command, version, joined(texts, everywhere), names)
        for child_words, child in pages:
            if len(child_words) == 3 and child_words[:2] == words:
                part = '\n'.join(['.SH ' + roff('deroot ' + ' '.join(child_words[1:])).upper(),
                                  roff(child.get('discussion') or child['abstract']), '.PP',
                                  synopsis(child_words, child), options(child)])
                text = text.replace('.SH SEE ALSO', part + '\n.SH SEE ALSO', 1)
        with open(os.path.join(target, name + '.1'), 'w', encoding='utf-8') as file:
            file.write(text)


main()
