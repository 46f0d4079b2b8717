/**
 * Entry point of the playground's page.
 *
 * @module
 */
import '@mandate/ui/jitless'
import { render } from 'preact'
import '@mandate/ui/styles/type.css'
import '@mandate/ui/styles/base.css'
import '@mandate/ui/styles/chain.css'
import '@mandate/ui/styles/proof.css'
import './styles/page.css'
import './styles/editor.css'
import { App } from './app.tsx'

const root = document.getElementById('app')
if (root) render(<App />, root)
