/**
 * Vite configuration for the auditor's page and the console. The server needs no build (ADR 0011).
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
    rolldownOptions: { input: [`${import.meta.dirname}/index.html`, `${import.meta.dirname}/console.html`] },
    sourcemap: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
})
