/**
 * Builds the servers that Mandate is compared with, from their Go modules, pinned and checked by Go's checksum database; kept outside the repository.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cached, cacheFolder, findGo, runCommand } from '@mandate/stack'

export interface PeerBuild {
  readonly name: string
  readonly module: string
  readonly version: string
  /** Of the command, inside the module. */
  readonly path: string
}

export const PEERS = {
  spicedb: { name: 'spicedb', module: 'github.com/authzed/spicedb', version: 'v1.56.0', path: './cmd/spicedb' },
  // Newer versions depend on modules of the same repository that the Go proxy does not serve.
  cerbos: { name: 'cerbos', module: 'github.com/cerbos/cerbos', version: 'v0.55.0', path: './cmd/cerbos' },
  opa: { name: 'opa', module: 'github.com/open-policy-agent/opa', version: 'v1.22.2', path: '.' },
} as const satisfies Record<string, PeerBuild>

export interface BuildOptions {
  /** `false` when there is no time for a build. */
  readonly mayBuild: boolean
  readonly onNews: (what: string) => void
}

/** @returns the path of the binary. @throws when Go is missing, the build fails, or there is no time for it. */
export async function findPeer(peer: PeerBuild, { mayBuild, onNews }: BuildOptions): Promise<string> {
  const key = `${peer.name}-${peer.version}`
  if (!mayBuild && !existsSync(join(cacheFolder(), key)))
    throw new Error('not built yet; a run without --quick builds it')
  const folder = await cached({
    folder: cacheFolder(),
    key,
    fill: async (aside) => {
      onNews(`building ${key} with Go (up to 20 minutes, once)`)
      await compile(peer, join(aside, peer.name))
    },
    onWait: () => onNews(`waiting for another run that is building ${key}`),
  })
  return join(folder, peer.name)
}

/** In a copy of the module's source: `go install` refuses modules with `replace`, as these have. */
async function compile({ module, version, path }: PeerBuild, target: string): Promise<void> {
  const env = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-buildvcs=false',
    GOTOOLCHAIN: 'auto',
    GOWORK: 'off',
  }
  const go = await findGo()
  const downloaded = await runCommand(go, ['mod', 'download', '-json', `${module}@${version}`], {
    env,
    cwd: tmpdir(),
  })
  const { Dir: source } = JSON.parse(downloaded) as { readonly Dir: string }
  const copy = await mkdtemp(join(tmpdir(), 'mandate-peer-'))
  try {
    await runCommand('cp', ['-R', `${source}/.`, copy])
    // Go's module cache is read-only, and so is a copy of it: it could not be removed.
    await runCommand('chmod', ['-R', 'u+w', copy])
    await runCommand('nice', ['-n', '19', go, 'build', '-trimpath', '-o', target, path], { env, cwd: copy })
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}
