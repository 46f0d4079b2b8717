/**
 * Entry point of the auditor's page.
 *
 * @module
 */
import '@mandate/ui/jitless'
import './valid-language.ts'
import { render } from 'preact'
import '@mandate/ui/styles/type.css'
import '@mandate/ui/styles/base.css'
import '@mandate/ui/styles/chain.css'
import '@mandate/ui/styles/proof.css'
import './styles/base.css'
import './styles/log.css'
import './styles/detail.css'
import { App } from './app.tsx'

// The start page shows decisions only: entries about reading the log would dominate it. Other kinds can be selected.
if (location.pathname === '/' && location.search === '') history.replaceState(null, '', '/?kind=evaluation')

const root = document.getElementById('app')
if (root) render(<App />, root)
