/**
 * Comparison of two policy versions by their packs. A version is `domain@hash` of every pack in force, separated by spaces. Pure.
 *
 * @module
 */

/** One pack in two versions. */
export interface PackChange {
  readonly domain: string
  /** Hash of its content; `undefined` where the version does not have it. */
  readonly before: string | undefined
  readonly after: string | undefined
  readonly change: 'same' | 'changed' | 'added' | 'removed'
}

/** The packs of a version: domain and hash, in the version's order. */
export function packsOf(version: string): ReadonlyMap<string, string> {
  const packs = version.split(' ').flatMap((pack) => {
    const at = pack.lastIndexOf('@')
    return at < 1 ? [] : [[pack.slice(0, at), pack.slice(at + 1)] as const]
  })
  return new Map(packs)
}

/** Compares two versions, pack by pack, in the order of their domains. */
export function compareVersions(before: string, after: string): readonly PackChange[] {
  const [old, next] = [packsOf(before), packsOf(after)]
  return [...new Set([...old.keys(), ...next.keys()])].toSorted().map((domain) => {
    const [was, is] = [old.get(domain), next.get(domain)]
    return { domain, before: was, after: is, change: changeOf(was, is) }
  })
}

function changeOf(was: string | undefined, is: string | undefined): PackChange['change'] {
  if (was === undefined) return 'added'
  if (is === undefined) return 'removed'
  return was === is ? 'same' : 'changed'
}
