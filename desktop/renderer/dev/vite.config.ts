/**
 * Builds the window with the fake main process, for screenshots and development. Never packaged.
 *
 * @module
 */
import { fileURLToPath } from 'node:url'
import { defineConfig, mergeConfig } from 'vite'
import product from '../vite.config.ts'

export default mergeConfig(
  product,
  defineConfig({
    root: fileURLToPath(new URL('.', import.meta.url)),
    publicDir: '../public',
    build: { outDir: '../../dist-play' },
  }),
)
