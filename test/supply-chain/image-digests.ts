/**
 * Digests of the images of others: which references have none, and what a registry says it is now.
 *
 * @module
 */
import { type ImageReference, imagesOf } from '../check/images.ts'
import type { Tree } from '../check/tree.ts'
import type { Outcome } from './outcome.ts'

const NAME = 'digests of images'
const LIMIT_MS = 20_000

/** Indexes of several platforms, and manifests of one. */
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ')

/** Passes when every image of others is named with its digest. Without one a registry can give another image for the same tag: that is no success. */
export function checkDigests(tree: Tree): Outcome {
  const lines = imagesOf(tree)
    .filter(({ digest }) => digest === undefined)
    .map(({ file, line, name }) => `${file}:${line}: ${name} has no digest`)
  const cure = 'with the registries in reach: npm run supply-chain -- pin-images'
  return {
    name: NAME,
    state: lines.length === 0 ? 'passed' : 'not run',
    lines: lines.length === 0 ? [] : [...lines, cure],
  }
}

/**
 * Asks the registries, and puts each digest behind its tag. In a chart's values the digest is a line of its own: those are left as they are, and named.
 *
 * @param write - Writes a file of the tree.
 * @param digestOf - Asks a registry for the digest of an image.
 */
export async function pinImages(
  tree: Tree,
  write: (file: string, text: string) => void,
  digestOf: (name: string) => Promise<string> = askRegistry,
): Promise<Outcome> {
  const lines: string[] = []
  let state: Outcome['state'] = 'passed'
  const texts = new Map<string, string>()
  for (const { file, name } of imagesOf(tree).filter(({ digest }) => digest === undefined)) {
    const text = texts.get(file) ?? tree.read(file)
    try {
      const digest = await digestOf(name)
      const pinned = text.replaceAll(name, `${name}@${digest}`)
      lines.push(`${file}: ${name}@${digest}${pinned === text ? ': put it beside the tag' : ''}`)
      texts.set(file, pinned)
    } catch (error) {
      state = 'not run'
      lines.push(`${file}: ${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  for (const [file, text] of texts) write(file, text)
  return { name: NAME, state, lines }
}

/**
 * @param name - With tag, as in a Dockerfile: without a registry it is Docker Hub's.
 * @param scheme - Of addresses; registries are asked by TLS.
 * @throws Error when the registry cannot be reached, or does not have the image.
 * @see {@link https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md OCI Distribution Specification}
 */
export async function askRegistry(name: ImageReference['name'], scheme: 'https' | 'http' = 'https'): Promise<string> {
  const { registry, repository, tag } = partsOf(name)
  const url = `${scheme}://${registry}/v2/${repository}/manifests/${tag}`
  const ask = (token?: string): Promise<Response> =>
    fetch(url, {
      method: 'HEAD',
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: { accept: MANIFESTS, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    })
  const first = await ask()
  const response = first.status === 401 ? await ask(await tokenFor(first)) : first
  const digest = response.headers.get('docker-content-digest') ?? ''
  if (response.ok && /^sha256:[a-f0-9]{64}$/u.test(digest)) return digest
  throw new Error(`${registry} answers ${response.status} without a digest`)
}

function partsOf(name: string): { readonly registry: string; readonly repository: string; readonly tag: string } {
  const at = name.lastIndexOf(':')
  const [path, tag] = [name.slice(0, at), name.slice(at + 1)]
  const [first = '', ...rest] = path.split('/')
  if (/[.:]/u.test(first)) return { registry: first, repository: rest.join('/'), tag }
  return { registry: 'registry-1.docker.io', repository: rest.length === 0 ? `library/${path}` : path, tag }
}

/** Gets the token for anonymous reads that a registry's challenge asks for. */
async function tokenFor(response: Response): Promise<string> {
  const challenge = response.headers.get('www-authenticate') ?? ''
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/gu)].map(([, key, value]) => [key, value]),
  )
  const { realm, ...rest } = parameters as Record<string, string>
  if (realm === undefined || !/^Bearer /iu.test(challenge)) throw new Error('the registry asks for a sign-in')
  const answer = await fetch(`${realm}?${new URLSearchParams(rest)}`, { signal: AbortSignal.timeout(LIMIT_MS) })
  const body = (await answer.json()) as { readonly token?: string; readonly access_token?: string }
  return body.token ?? body.access_token ?? ''
}
