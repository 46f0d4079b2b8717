/**
 * Builds the page, and nothing else: the server runs as it is written (ADR 0011).
 *
 * @module
 */
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'page',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2024',
    // A typeface as a data: address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
