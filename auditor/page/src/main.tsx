/**
 * The auditor's page: mounts the app.
 *
 * @module
 */
import './jitless.ts'
import { render } from 'preact'
import './styles/type.css'
import './styles/base.css'
import './styles/log.css'
import './styles/detail.css'
import { App } from './app.tsx'

// One comes for decisions. That reading is recorded as well is there for who looks for it.
if (location.pathname === '/' && location.search === '') history.replaceState(null, '', '/?kind=evaluation')

const root = document.getElementById('app')
if (root) render(<App />, root)
