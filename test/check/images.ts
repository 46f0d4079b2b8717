/**
 * Container images that Dockerfiles, Compose files and Helm values name. Read with regular expressions: a chart's values and a Dockerfile's default
 * arguments have no common syntax, and what is looked for is one line in each.
 *
 * @module
 */
import { lineAt, type Tree } from './tree.ts'

/** A reference to an image that is fetched from a registry. */
export interface ImageReference {
  readonly file: string
  readonly line: number
  /** Repository and tag, without the digest. */
  readonly name: string
  /** `sha256:…`, where the reference has one. */
  readonly digest: string | undefined
  /** Whether the tag is a version of two numbers and more. */
  readonly isExact: boolean
}

const DOCKERFILE = /(?:^|\/)Dockerfile[^/]*$/u
const COMPOSE = /(?:^|\/)[\w.-]*compose[\w.-]*\.ya?ml$/u
const VALUES = /(?:^|\/)helm\/.*\/values[\w.-]*\.ya?ml$/u
/** What a template spells itself, such as the image of a chart's test. */
const TEMPLATE = /(?:^|\/)helm\/.*\/templates\/.*\.ya?ml$/u
const REFERENCE = /^(?<name>[\w./-]+(?::[\w.-]+)?)(?:@(?<digest>sha256:[a-f0-9]{64}))?$/u
const EXACT_TAG = /:v?\d+\.\d+[\w.-]*$/u

const SPELLED = /^\s*image: *["']?(?<image>[\w./-]+:[^\s"'#{]+)/gmu

/** Images that this repository builds. They have no digest until they are pushed. */
const OWN = /^(?:[\w.:-]+\/)?mandate\//u

/** @returns one reference for each place that names an image of others. */
export function imagesOf(tree: Tree): readonly ImageReference[] {
  return tree.files.flatMap((file) => {
    if (DOCKERFILE.test(file)) return matchesOf(tree, file, /^(?:ARG \w+=|FROM )(?<image>[\w./-]+:[^\s$]+)/gmu)
    if (COMPOSE.test(file)) return matchesOf(tree, file, /^\s*image: *["']?(?<image>[^\s"'#]+)/gmu)
    if (TEMPLATE.test(file)) return matchesOf(tree, file, SPELLED)
    return VALUES.test(file) ? chartImagesOf(tree, file) : []
  })
}

function matchesOf(tree: Tree, file: string, pattern: RegExp): readonly ImageReference[] {
  const text = tree.read(file)
  return [...text.matchAll(pattern)].flatMap(({ index, groups }) =>
    referenceTo(file, lineAt(text, index), groups?.['image'] ?? ''),
  )
}

function referenceTo(file: string, line: number, image: string): readonly ImageReference[] {
  if (OWN.test(image)) return []
  const { name = image, digest } = REFERENCE.exec(image)?.groups ?? {}
  return [{ file, line, name, digest, isExact: EXACT_TAG.test(name) }]
}

/** A chart has `repository`, `tag` and `digest` beside each other, each of the same indentation and in any order, or one line `image:`. */
function chartImagesOf(tree: Tree, file: string): readonly ImageReference[] {
  const text = tree.read(file)
  const whole = matchesOf(tree, file, SPELLED)
  const apart = [...text.matchAll(/^(?<indent> *)repository: *["']?(?<repository>[^\s"'#]+)/gmu)].flatMap((match) => {
    const { indent = '', repository = '' } = match.groups ?? {}
    const block = blockAround(text, match.index, indent.length)
    const memberOf = (name: string): string | undefined =>
      new RegExp(`^ {${indent.length}}${name}: *["']?([^\\s"'#]+)`, 'mu').exec(block)?.[1]
    const registry = memberOf('registry')
    const tag = memberOf('tag')
    const digest = memberOf('digest')
    const name = `${registry === undefined ? '' : `${registry}/`}${repository}${tag === undefined ? '' : `:${tag}`}`
    return referenceTo(file, lineAt(text, match.index), digest === undefined ? name : `${name}@${digest}`)
  })
  return [...whole, ...apart]
}

/** The lines around an offset that are indented at least as deep, comments and empty lines included. */
function blockAround(text: string, offset: number, indent: number): string {
  const lines = text.split('\n')
  const at = lineAt(text, offset) - 1
  const isInside = (line: string | undefined): boolean =>
    line !== undefined && (line.trim() === '' || line.search(/\S/u) >= indent)
  let first = at
  while (isInside(lines[first - 1])) first -= 1
  let last = at
  while (isInside(lines[last + 1])) last += 1
  return lines.slice(first, last + 1).join('\n')
}
