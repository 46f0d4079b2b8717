/**
 * What the page shows of a checked pack: its mistakes by line, the choices of its form, its cases. Pure.
 *
 * @module
 */
import type { CasedPack } from '@mandate/cases'
import { describeDomain } from '@mandate/pdp'
import { FILES, type Mistake, type Outline } from './api.ts'

/** Mistakes shown at once: a text of another kind can have one a line. */
const MOST = 200

/** Parses the findings of the check. @param name - The pack's folder, with which its file names begin. */
export function mistakesOf(problems: readonly string[], name: string): Mistake[] {
  return problems.slice(0, MOST).map((problem) => mistakeOf(problem, name))
}

/** Parses one finding: `file:line: message`, of which file and line may be missing. */
export function mistakeOf(problem: string, name: string): Mistake {
  const found = /^(?<path>[^:]+):(?<line>\d+): (?<message>.+)$/su.exec(problem)?.groups
  const { path = '', line = '1', message = problem } = found ?? {}
  const file = FILES.find((one) => path === `${name}/${one}`)
  if (found && file === undefined) return { line: 1, message: problem }
  return { ...(file === undefined ? {} : { file }), line: Number(line), message }
}

/** Summary of a pack without mistakes. */
export function outlineOf(pack: CasedPack, compiled: Parameters<typeof describeDomain>[0]): Outline {
  const { file, manifest, where } = pack
  const lineAt = (...path: readonly PropertyKey[]): number => Number(where(path).split(':').at(-1))
  const namesOf = (rules: Readonly<Record<string, { readonly type: string }>>) =>
    Object.entries(rules).map(([name, { type }]) => ({ name, type }))
  return {
    domain: describeDomain(compiled),
    people: file.people,
    agents: file.agents,
    resources: Object.fromEntries(
      Object.entries(file.resources).map(([name, { type, with: values }]) => [name, { type, values }]),
    ),
    attributes: namesOf(manifest.attributes),
    subjectAttributes: namesOf(manifest.subject_attributes),
    actionAttributes: namesOf(manifest.action_attributes),
    cases: file.cases.map((one, index) => ({
      name: one.case,
      line: lineAt('cases', index),
      given: one.given.length,
      questions: one.then.map(({ ask, permit, deny = [], with: sent, with_subject, with_action }, at) => ({
        line: lineAt('cases', index, 'then', at),
        ask,
        with: sent,
        with_subject,
        with_action,
        promised: permit === undefined ? `deny ${deny.join(', ')}` : `permit ${permit}`,
      })),
    })),
  }
}
