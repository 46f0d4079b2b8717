/**
 * Builds the window with a played main process behind it, for pictures and for whoever draws a screen. Never packaged.
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
