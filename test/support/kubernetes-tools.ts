/**
 * Programs that check the Helm chart: Helm, kubeconform, and the JSON schemas of Kubernetes.
 *
 * @module
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  cached,
  cacheFolder,
  type FindOptions,
  fetchTool,
  findGo,
  runCommand,
  toolSources,
  tryCommand,
} from '@mandate/stack'

/** Oldest Helm 3 that renders the chart. */
const OLDEST_HELM = 14
/** `go install` verifies the module with Go's checksum database. */
const KUBECONFORM_VERSION = 'v0.8.0'

/** Path of Helm: the one on PATH when it is new enough, else the fetched one. @throws MissingToolError when there is none. */
export async function findHelm(options: FindOptions = {}): Promise<string> {
  const { env = process.env } = options
  if (toolSources(env).installed) {
    const { stdout } = await tryCommand('helm', ['version', '--short'], { env, timeoutMs: 20_000 })
    const { major, minor } = /v(?<major>\d+)\.(?<minor>\d+)/u.exec(stdout)?.groups ?? {}
    if (Number(major) > 3 || (Number(major) === 3 && Number(minor) >= OLDEST_HELM)) return 'helm'
  }
  return join((await fetchTool('helm', options)).folder, 'helm')
}

/** Path of kubeconform of exactly {@link KUBECONFORM_VERSION}, built once. @throws MissingToolError when Go is missing to build it. */
export async function findKubeconform(options: FindOptions = {}): Promise<string> {
  const { env = process.env, onFetch, signal } = options
  const folder = await cached({
    folder: cacheFolder(env),
    key: `kubeconform-${KUBECONFORM_VERSION}`,
    fill: async (aside) => {
      const go = await findGo(options)
      onFetch?.(`building kubeconform ${KUBECONFORM_VERSION} with Go (once)`)
      const target = `github.com/yannh/kubeconform/cmd/kubeconform@${KUBECONFORM_VERSION}`
      await runCommand(go, ['install', target], { env: { ...env, GOBIN: aside }, ...(signal && { signal }) })
    },
    onWait: () => onFetch?.('waiting for another run that is building kubeconform'),
  })
  return join(folder, 'kubeconform')
}

/** Where the schemas of the package say that they are served. */
const SERVED_AT = '"/api/_definitions.json#'

/**
 * Copies the strict schemas of one version of Kubernetes, with references that are valid in `folder`.
 *
 * @param version - Minor version, such as `1.37`.
 * @throws MissingToolError when the package is neither cached nor to be fetched.
 */
export async function copyKubernetesSchemas(version: string, folder: string): Promise<void> {
  const { folder: all } = await fetchTool('kubernetesSchemas')
  const from = join(all, `v${version}.0-local-strict`)
  mkdirSync(folder, { recursive: true })
  const definitions = `"${pathToFileURL(join(folder, '_definitions.json')).href}#`
  for (const name of readdirSync(from))
    writeFileSync(join(folder, name), readFileSync(join(from, name), 'utf8').replaceAll(SERVED_AT, definitions))
}
