/**
 * What is published, so what needs a bill of materials: the packages of `test/publish`, and the images that the Compose files build.
 *
 * @module
 */
import { imagesOf } from '../check/images.ts'
import type { Tree } from '../check/tree.ts'
import { PUBLISHED } from '../publish/pack.ts'
import type { Subject } from './sbom.ts'

/** A service of Compose with `build`, in the flow style that this repository's files have. */
const BUILT =
  /build: \{[^\n]*dockerfile: (?<dockerfile>\S+?)(?:, args: \{ ROOM: (?<room>[^,]+),[^\n]*)? \}\n\s+image: (?<image>\S+):(?<version>\S+)/gu

/** Rooms whose image has a page: what it is made of is bundled into it. */
const PAGES: Readonly<Record<string, string>> = { auditor: 'auditor/page' }

/** Workspaces of `npm start`, which the demo's image holds: the set `start` of stack/install.mjs, and the pages that are built into it. */
const DEMO = ['stack', 'auditor', 'cli', 'examples/trips', 'examples/booking-agent', 'examples/care', 'auditor/page']

/** @returns The packages, then the images. */
export function subjectsOf(tree: Tree): readonly Subject[] {
  return [...PUBLISHED.map((name) => packageOf(tree, name)), ...imageSubjects(tree)]
}

function packageOf(tree: Tree, workspace: string): Subject {
  const { name, version } = manifestOf(tree, workspace)
  return { name, version, kind: 'library', workspaces: [workspace] }
}

const manifestOf = (tree: Tree, workspace: string): { readonly name: string; readonly version: string } =>
  JSON.parse(tree.read(`${workspace === '' ? '' : `${workspace}/`}package.json`))

function imageSubjects(tree: Tree): readonly Subject[] {
  const built = [...tree.read('docker-compose.yml').matchAll(BUILT)].map(({ groups = {} }) => {
    const { dockerfile = '', room, image: name = '', version = '' } = groups
    const workspaces = room === undefined ? [] : [room, PAGES[room] ?? []].flat()
    return { name, version, kind: 'container', workspaces, base: baseOf(tree, dockerfile) } as const
  })
  const { version } = manifestOf(tree, '')
  const base = baseOf(tree, 'deploy/Dockerfile')
  return [...built, { name: 'mandate/demo', version, kind: 'container', workspaces: DEMO, base }]
}

/** The one image of others that a Dockerfile starts from. @throws Error when it is not one. */
function baseOf(tree: Tree, dockerfile: string): NonNullable<Subject['base']> {
  const [base, ...more] = imagesOf(tree).filter(({ file }) => file === dockerfile)
  if (!base || more.length > 0) throw new Error(`${dockerfile} does not start from one image`)
  const at = base.name.lastIndexOf(':')
  const { digest } = base
  return { name: base.name.slice(0, at), version: base.name.slice(at + 1), ...(digest !== undefined && { digest }) }
}
