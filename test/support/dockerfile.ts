/**
 * Reads `deploy/Dockerfile` and `.dockerignore` for tests: there is no Docker engine where they run.
 *
 * @module
 */
import { posix } from 'node:path'
import { read } from './compose-file.ts'

/** A stage of the Dockerfile. `name`: `undefined` for the last one, which is built when no target is named. */
export interface Stage {
  readonly name: string | undefined
  /** Its instructions, each in one line. */
  readonly text: string
}

/** The stages, in order. */
export function stagesOf(dockerfile: string): readonly Stage[] {
  return dockerfile
    .replaceAll(/^#.*\n/gmu, '')
    .replaceAll(/\s*\\\n\s*/gu, ' ')
    .split(/^(?=FROM )/mu)
    .filter((text) => text.startsWith('FROM '))
    .map((text) => ({ name: /^FROM \S+ AS (?<name>\S+)$/mu.exec(text)?.groups?.['name'], text }))
}

/** The arguments of an instruction, as often as the stage has it. */
export function argumentsOf({ text }: Stage, instruction: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^${instruction} (?<rest>.*)$`, 'gmu'))].map(
    ({ groups }) => groups?.['rest'] ?? '',
  )
}

/** The variables of a stage's `ENV`. */
export function environmentOf(stage: Stage): Readonly<Record<string, string>> {
  const pairs = argumentsOf(stage, 'ENV').flatMap((line) => [...line.matchAll(/(?<name>\w+)=(?<value>\S+)/gu)])
  return Object.fromEntries(pairs.map(({ groups }) => [groups?.['name'] ?? '', groups?.['value'] ?? '']))
}

/**
 * Whether `.dockerignore` lets a file into the build: the last rule that fits it, or a folder above it, decides.
 *
 * @param file - From the root of the clone.
 */
export function isInContext(file: string): boolean {
  const rules = read('.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const paths = [file]
  while (posix.dirname(paths.at(-1) ?? '') !== '.') paths.push(posix.dirname(paths.at(-1) ?? ''))
  const last = rules.findLast((rule) => paths.some((path) => posix.matchesGlob(path, rule.replace(/^!/u, ''))))
  return last?.startsWith('!') === true
}
