/**
 * Vite configuration for the auditor's page. The server needs no build (ADR 0011).
 *
 * @module
 */
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
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
