/**
 * API documents from the code: every export of a package as it is declared, with its comment, from the types that are published.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Manifest } from './pack.ts'

/** @param folder - A packed package. @returns Markdown. */
export function apiOf(folder: string): string {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const lines = [
    `# API of ${manifest.name}`,
    '',
    'Made from the code by `npm run publish:check -- --write`. What is not here may change without notice.',
  ]
  for (const [entry, target] of Object.entries(manifest.exports)) {
    const { types } = target as { readonly types: string }
    lines.push('', `## \`${join(manifest.name, entry)}\``)
    for (const { name, text } of exportsOf(join(folder, types))) lines.push('', `### ${name}`, '', '```ts', text, '```')
  }
  return `${lines.join('\n')}\n`
}

interface Declared {
  readonly name: string
  readonly text: string
}

const FROM = /^export (?:type )?(?:\{(?<names>[^}]*)\}|\*) from '(?<file>[^']+)';$/gmu
const DECLARED = /^export (?:declare )?(?:function|interface|type|const|class) (?<name>\w+)/u

/** Those of a declaration file and of what it passes on, by name. */
function exportsOf(file: string): readonly Declared[] {
  const text = readFileSync(file, 'utf8')
  const own = declaredIn(text)
  const passedOn = [...text.matchAll(FROM)].flatMap(({ groups = {} }) => {
    const names = groups['names']?.split(',').map((name) => name.trim().replace(/^type /u, ''))
    return exportsOf(declarationsOf(groups['file'] ?? '', file)).filter(
      ({ name }) => names === undefined || names.includes(name),
    )
  })
  return [...own, ...passedOn].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The declaration file behind an import: of a file beside `importer`, or of another package of ours that was packed beside this one. */
function declarationsOf(specifier: string, importer: string): string {
  const [, name] = /^@mandate\/([a-z]+)$/u.exec(specifier) ?? []
  if (name === undefined) return join(dirname(importer), specifier.replace(/\.(?:js|ts)$/u, '.d.ts'))
  return join(importer.slice(0, importer.lastIndexOf('/dist/')), '..', name, 'dist/index.d.ts')
}

function declaredIn(text: string): readonly Declared[] {
  const found = new Map<string, string>()
  const lines = text.split('\n')
  for (const [at, line] of lines.entries()) {
    const name = DECLARED.exec(line)?.groups?.['name']
    if (name === undefined) continue
    const whole = [...lines.slice(commentBefore(lines, at), at), ...lines.slice(at, endOf(lines, at) + 1)].join('\n')
    // Overloads stand together under their name.
    found.set(name, [found.get(name), whole].filter(Boolean).join('\n'))
  }
  return [...found].map(([name, one]) => ({ name, text: one }))
}

function commentBefore(lines: readonly string[], at: number): number {
  if (!lines[at - 1]?.endsWith('*/')) return at
  let begin = at - 1
  while (begin > 0 && !lines[begin]?.startsWith('/**')) begin -= 1
  return begin
}

/** A declaration ends where its brackets are closed and a line does. */
function endOf(lines: readonly string[], from: number): number {
  let open = 0
  for (let at = from; at < lines.length; at += 1) {
    const code = (lines[at] ?? '').replaceAll(/\/\*.*?\*\/|'[^']*'|=>/gu, '')
    if (/^\s*(?:\/\*\*|\*)/u.test(code)) continue
    for (const sign of code) open += '{(['.includes(sign) ? 1 : '})]'.includes(sign) ? -1 : 0
    if (open === 0 && /[;}]$/u.test(code)) return at
  }
  return lines.length - 1
}
