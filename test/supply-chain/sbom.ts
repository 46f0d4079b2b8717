/**
 * Software bills of materials (CycloneDX 1.6) of what is published: one for each package and each image. Made from the lockfile and the Dockerfiles, so
 * that the same commit makes the same bytes.
 *
 * An image's bill has what this repository puts into it, the base image, and Node. It does not have what the base image consists of, which no file here
 * says: its `compositions` say `incomplete`. Scan the built image for those.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { type Lockfile, type NeededPackage, neededBy } from './locked-packages.ts'

/** What a bill is about. */
export interface Subject {
  readonly name: string
  readonly version: string
  readonly kind: 'library' | 'container'
  /** Folders of the workspaces that it consists of. */
  readonly workspaces: readonly string[]
  /** Of an image: what it starts from. Its contents are unknown. */
  readonly base?: { readonly name: string; readonly version: string; readonly digest?: string }
}

const COMMAND = { type: 'application', name: 'npm run supply-chain', publisher: 'Mandate' }

interface Component {
  readonly 'bom-ref': string
  readonly [member: string]: unknown
}

/** @throws Error when the lockfile has not what a workspace needs. */
export function billOf(lockfile: Lockfile, subject: Subject): object {
  const { name, version, kind, workspaces, base } = subject
  const packages = neededBy(lockfile, workspaces)
  const isItself = ({ path }: NeededPackage): boolean => kind === 'library' && workspaces.includes(path)
  const refs = new Map(packages.map((one) => [one.path, isItself(one) ? 'subject' : one.path]))
  const refOf = (path: string): string => refs.get(path) ?? path
  const parts = packages.filter((one) => !isItself(one)).map(componentOf)
  const platform = base ? platformOf(base) : []
  const components = [...parts, ...platform]
  const dependencies = packages.map(({ path, needs }) => ({ ref: refOf(path), dependsOn: needs.map(refOf).sort() }))
  const direct = [...workspaces, ...platform.map((one) => one['bom-ref'])]
  const itself = { 'bom-ref': 'subject', type: kind, name, version, licenses: [{ license: { id: 'Apache-2.0' } }] }
  const bill = {
    version: 1,
    metadata: {
      tools: { components: [COMMAND] },
      component: kind === 'library' ? { ...itself, purl: purlOf(name, version) } : itself,
    },
    components,
    dependencies: kind === 'library' ? dependencies : [{ ref: 'subject', dependsOn: direct }, ...dependencies],
    compositions: [
      { aggregate: 'complete', assemblies: parts.map((one) => one['bom-ref']) },
      ...platform.map((one) => ({ aggregate: 'incomplete', assemblies: [one['bom-ref']] })),
    ],
  }
  const head = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
  }
  return { ...head, serialNumber: serialNumberOf(bill), ...bill }
}

function componentOf({ path, name, locked }: NeededPackage): Component {
  const { version = '', integrity, license } = locked
  const [group, local] = name.startsWith('@') ? name.split('/') : [undefined, name]
  const hash = integrity && Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex')
  return {
    'bom-ref': path,
    type: 'library',
    ...(group !== undefined && { group }),
    name: local ?? name,
    version,
    ...(hash && { hashes: [{ alg: 'SHA-512', content: hash }] }),
    ...(license !== undefined && { licenses: [licenceOf(license)] }),
    purl: purlOf(name, version),
  }
}

const licenceOf = (licence: string): object =>
  /^[\w.-]+$/u.test(licence) ? { license: { id: licence } } : { expression: licence }

/** @see {@link https://github.com/package-url/purl-spec Package URL} */
const purlOf = (name: string, version: string): string => `pkg:npm/${name.replace('@', '%40')}@${version}`

/** The base image and, where it is Node's, Node itself, whose version is the tag's. */
function platformOf({ name, version, digest }: NonNullable<Subject['base']>): readonly Component[] {
  const image: Component = {
    'bom-ref': `image ${name}`,
    type: 'container',
    name,
    version,
    ...(digest !== undefined && { hashes: [{ alg: 'SHA-256', content: digest.replace('sha256:', '') }] }),
  }
  const node = /^\d+\.\d+\.\d+/u.exec(version)?.[0]
  if (name !== 'node' || node === undefined) return [image]
  return [image, { 'bom-ref': 'node', type: 'platform', name: 'node', version: node, purl: `pkg:generic/node@${node}` }]
}

/** A UUID made from the contents: a random one would make each bill another. */
function serialNumberOf(bill: object): string {
  const hash = createHash('sha256').update(JSON.stringify(bill)).digest('hex')
  const variant = ((Number.parseInt(hash.slice(16, 17), 16) & 0x3) | 0x8).toString(16)
  const groups = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    variant + hash.slice(17, 20),
    hash.slice(20, 32),
  ]
  return `urn:uuid:${groups.join('-')}`
}
