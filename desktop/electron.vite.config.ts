/**
 * Builds what Electron runs: the main process (ESM), the sandboxed preload (one CommonJS file, since a sandboxed one can be nothing else) and the page. All
 * dependencies go into the bundles, so that a package holds no `node_modules`.
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'electron-vite'
import type { Plugin } from 'vite'
import manifest from './package.json' with { type: 'json' }
import page from './renderer/vite.config.ts'

const ROOM = import.meta.dirname

export default defineConfig({
  main: {
    build: {
      externalizeDeps: false,
      target: 'node24',
      minify: false,
      lib: { entry: { index: 'src/shell/index.ts' }, formats: ['es'] },
      rollupOptions: { output: { entryFileNames: '[name].js' } },
    },
    plugins: [packaged()],
  },
  preload: {
    build: {
      externalizeDeps: false,
      minify: false,
      lib: { entry: { index: 'src/preload/index.ts' }, formats: ['cjs'] },
      rollupOptions: { output: { entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    ...page,
    build: {
      ...page.build,
      outDir: join(ROOM, 'out/renderer'),
      rollupOptions: { input: join(ROOM, 'renderer/index.html') },
    },
  },
})

/** The package's own manifest, without a dependency and a script: it is all that a packager looks at. */
function packaged(): Plugin {
  const { version, license } = manifest
  const own = {
    name: 'mandate',
    productName: 'Mandate',
    description: 'Let others act for you, watch them, and take it back.',
    author: 'The Mandate maintainers',
    version,
    license,
    type: 'module',
    main: 'main/index.js',
  }
  return {
    name: 'mandate-manifest',
    writeBundle: ({ dir = '' }) =>
      writeFileSync(join(dir, '../package.json'), `${JSON.stringify(own, undefined, 2)}\n`),
  }
}
