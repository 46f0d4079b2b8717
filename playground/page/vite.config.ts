/**
 * Vite configuration for the playground's page. Its server needs no build.
 *
 * @module
 */
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  // The server has the page there, so that assets and page share a path.
  base: '/playground/',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'es2024',
    // Fonts as data: URLs would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
