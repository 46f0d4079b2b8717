/**
 * `mandate policy new`: writes a pack to begin with, from the templates in `cli/templates`.
 *
 * @module
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nameSchema } from '@mandate/protocol'
import type { Work } from '../command-line.ts'
import { CommandError, EXIT, usageError } from '../exit.ts'
import { print } from '../output.ts'

/** How the actions of a new pack are decided: by ownership and grants, or by relations of its own model. */
export const SHAPES = ['grants', 'relations'] as const

export interface NewOptions {
  readonly json?: true
  readonly shape?: (typeof SHAPES)[number]
}

const TEMPLATES = fileURLToPath(new URL('../../templates/', import.meta.url))
/** With the longest suffix of a template, a name of the pack has at most 30 characters. */
const LONGEST_STEM = 18

export const newPack: Work<NewOptions> = async (io, { options, args: [path = ''] }) => {
  const shape = options.shape ?? 'grants'
  const folder = resolve(path)
  const domain = requireName(basename(folder))
  const words = wordsOf(domain)
  await createFolder(folder)
  const files = await readdir(join(TEMPLATES, shape))
  for (const file of files) {
    const template = await readFile(join(TEMPLATES, shape, file), 'utf8')
    await writeFile(join(folder, file), fill(template, words), { flag: 'wx' })
  }
  print(io, options, { domain, folder, shape, files }, () => [
    `${path}: ${files.join(', ')}`,
    '',
    'Next:',
    `  mandate policy check ${path}    every mistake by file and line`,
    `  mandate policy test ${path}     plays cases.yaml`,
    `  npm run serve -- --pack ${folder}    in the clone of Mandate: a PDP and a playground with it`,
  ])
  return undefined
}

function requireName(name: string): string {
  const objection = nameSchema.safeParse(name).error?.issues[0]?.message
  if (objection === undefined) return name
  const lower = name.toLowerCase().replaceAll(/[^a-z0-9_-]+/gu, '-')
  const near = nameSchema.safeParse(lower).success ? ` Did you mean ${lower}?` : ''
  throw usageError(`The name of a domain ${objection}.${near}`)
}

/** Names that the templates use. Types and relations have underscores, titles hyphens. */
function wordsOf(domain: string): Readonly<Record<string, string>> {
  const stem = domain.replaceAll('-', '_').slice(0, LONGEST_STEM).replace(/_+$/u, '')
  const words = domain.replaceAll(/[-_]+/gu, ' ').trim()
  return {
    domain,
    stem,
    title: stem.replaceAll(/_+/gu, '-'),
    words,
    label: words.replace(/^./u, (letter) => letter.toUpperCase()),
  }
}

const fill = (template: string, words: Readonly<Record<string, string>>): string =>
  template.replaceAll(/\{\{(\w+)\}\}/gu, (_, word: string) => words[word] ?? '')

async function createFolder(folder: string): Promise<void> {
  await mkdir(join(folder, '..'), { recursive: true })
  try {
    await mkdir(folder)
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    if (!exists) throw cause
    throw new CommandError(EXIT.data, `${folder} exists already; nothing was written.`, {
      code: 'exists',
      mend: 'Choose another name, or remove the folder.',
      cause,
    })
  }
}
