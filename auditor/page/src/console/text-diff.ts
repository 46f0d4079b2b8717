/**
 * Line differences of the files of two policy versions: changed lines with some lines around them. Pure.
 *
 * @module
 */
import type { PolicyTexts } from '@mandate/protocol'
import { structuredPatch } from 'diff'

/** Unchanged lines shown before and after a change. */
const CONTEXT = 3
/** Most edits that are looked for in one file: two texts with nothing in common take quadratic time. */
const MAX_EDITS = 1_000

/** One shown line. `before` and `after` are its numbers in the two texts, from 1. */
export interface DiffLine {
  readonly kind: 'same' | 'removed' | 'added'
  readonly text: string
  readonly before: number | undefined
  readonly after: number | undefined
}

/** A file that differs. */
export interface FileDiff {
  readonly path: string
  readonly change: 'changed' | 'added' | 'removed'
  readonly added: number
  readonly removed: number
  /** Runs of neighbouring lines; `undefined` when the texts are too different to compare by line. */
  readonly hunks: readonly (readonly DiffLine[])[] | undefined
}

type Files = ReadonlyMap<string, string>

/** The files of a version by path. */
const filesOf = ({ core, packs }: PolicyTexts): Files =>
  new Map([
    ['core.fga', core],
    ...packs.flatMap(
      ({ name, model, manifest }) =>
        [
          [`${name}/model.fga`, model],
          [`${name}/manifest.yaml`, manifest],
        ] as const,
    ),
  ])

/** Files that differ between two versions, in the order of their paths. */
export function diffTexts(before: PolicyTexts, after: PolicyTexts): readonly FileDiff[] {
  const [old, next] = [filesOf(before), filesOf(after)]
  return [...new Set([...old.keys(), ...next.keys()])].toSorted().flatMap((path) => {
    const [was, is] = [old.get(path), next.get(path)]
    return was === is ? [] : [diffOf(path, was, is)]
  })
}

function diffOf(path: string, was: string | undefined, is: string | undefined): FileDiff {
  const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed'
  const patch = structuredPatch(path, path, was ?? '', is ?? '', undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MAX_EDITS,
  })
  const hunks = patch?.hunks.map(({ oldStart, newStart, lines }) => numbered(lines, oldStart, newStart))
  const count = (kind: DiffLine['kind']): number => (hunks ?? []).flat().filter((line) => line.kind === kind).length
  return { path, change, added: count('added'), removed: count('removed'), hunks }
}

const KINDS: Readonly<Record<string, DiffLine['kind']>> = { '+': 'added', '-': 'removed', ' ': 'same' }

/** Numbers the lines of a hunk. A line without a known mark is git's note about a missing newline, which is no line. */
function numbered(lines: readonly string[], oldStart: number, newStart: number): readonly DiffLine[] {
  let [before, after] = [oldStart, newStart]
  return lines.flatMap((line) => {
    const kind = KINDS[line[0] ?? '']
    if (kind === undefined) return []
    const shown: DiffLine = {
      kind,
      text: line.slice(1),
      before: kind === 'added' ? undefined : before,
      after: kind === 'removed' ? undefined : after,
    }
    if (kind !== 'added') before += 1
    if (kind !== 'removed') after += 1
    return [shown]
  })
}
