/**
 * What is published, made from what is run: JavaScript and types beside each other, a manifest that points at them, one tarball a package.
 * In the workspace the manifests point at the sources, so that nothing has to be built there (ADR 0033).
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** What is published is JavaScript and runs on older versions of Node than the sources do: from where undici, the youngest dependency, does. */
const RUNS_ON = '>=22.19.0'

/** In the order of their dependencies. */
export const PUBLISHED = ['protocol', 'service', 'pep', 'mcp'] as const
export type Published = (typeof PUBLISHED)[number]

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly [member: string]: unknown
}

export interface Packed {
  /** The folder as it is published. */
  readonly folder: string
  readonly tarball: string
}

/** What is for tests of the package itself. */
const NOT_PUBLISHED = ['**/*.test.ts', '**/*.fixture.ts', '**/*.harness.ts', '**/express4.d.ts']

/** @param out - A folder of its own; what is in it is replaced. */
export async function pack(name: Published, out: string): Promise<Packed> {
  const folder = join(out, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await compile(name, folder)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(publishedManifest(name), undefined, 2)}\n`)
  for (const file of [`${name}/README.md`, `${name}/API.md`, 'LICENSE']) {
    if (existsSync(join(root, file))) cpSync(join(root, file), join(folder, basename(file)))
  }
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], {
    cwd: folder,
  })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return { folder, tarball: join(out, filename) }
}

async function compile(name: Published, folder: string): Promise<void> {
  const config = join(folder, 'tsconfig.json')
  const source = join(root, name)
  const options = {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      rootDir: join(source, 'src'),
      outDir: join(folder, 'dist'),
      composite: false,
      incremental: false,
      declaration: true,
      emitDeclarationOnly: false,
      allowImportingTsExtensions: false,
      rewriteRelativeImportExtensions: true,
      types: name === 'protocol' ? [] : ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      lib: name === 'protocol' ? ['es2025', 'webworker'] : ['es2025'],
    },
    include: [join(source, 'src')],
    exclude: NOT_PUBLISHED.map((pattern) => join(source, 'src', pattern)),
    references: PUBLISHED.slice(0, PUBLISHED.indexOf(name)).map((before) => ({ path: join(root, before) })),
  }
  writeFileSync(config, JSON.stringify(options))
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', config]).catch((error: unknown) => {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`${name} does not compile\n${said}`, { cause: error })
  })
  rmSync(config)
}

export function manifestOf(name: Published): Manifest {
  return JSON.parse(readFileSync(join(root, name, 'package.json'), 'utf8')) as Manifest
}

/** The workspace's own, without what only the workspace needs, and with its entries where they are built to. */
export function publishedManifest(name: Published): Manifest {
  const { private: _private, devDependencies: _dev, exports, ...manifest } = manifestOf(name)
  const built = Object.entries(exports).map(([entry, source]) => {
    const path = String(source).replace('./src/', './dist/').replace(/\.ts$/u, '')
    return [entry, { types: `${path}.d.ts`, default: `${path}.js` }]
  })
  const engines = { node: RUNS_ON }
  return { ...manifest, engines, exports: Object.fromEntries(built), files: ['dist', 'API.md'], sideEffects: false }
}
